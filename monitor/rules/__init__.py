"""Article -> Match: what people write under `rules/`, loaded strictly, compiled once, judged per article.

```
load     files -> Pack, every fault with file:line:column      (yaml_nodes: strict YAML; reader: schema; terms: words)
compile  Pack -> RuleSet: node trees, anchors, one automaton   (tree: node kinds; anchors: what must occur)
match    RuleSet x Article -> Match                            (presence: is every word there at all; view: the
         article's forms with their places; evaluate: nodes to spans)
explain  why a rule fired, or which clause failed
trial    a pack's own tests; live: the gate and the last good version; lint: warnings
```
"""
