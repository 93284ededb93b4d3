"""Article -> Match: what people write under `rules/`, loaded strictly, compiled once, judged per article.

```
load     files -> Pack, every fault with file:line:column
         yaml_nodes: strict YAML with places; reader: maps by their keys; pack_file, vocabulary: packs, entities, lists
         -> values of packs; terms: words; query -> syntax: the grammar, with query_faults (why it is refused) and
         query_foreign (what other systems write); regexes: RE2
compile  Pack -> RuleSet: a tree for each rule, anchors, one automaton
         tree: kinds of nodes; anchors: what must occur if a node is true
match    RuleSet x Article -> Match
         presence: are the words there at all; view: the article's words with their places, lines its paragraphs for
         patterns; evaluate: nodes to matches; near, near_words: distance; surroundings: contexts of mentions; bits:
         sets of words; collector: no garbage collection in between
mentions RuleSet x Article -> Mention: the entities that an article names, for stories; gazetteer: how they are found
explain  why a rule fired, or which clause failed and how near it came
         explain_told: values; _clauses, _terms, _gaps, _labels: how they are made; _text, _json: how they are shown
live     the gate and the last good version; trial: a pack's own tests
lint     warnings, with common_words
fmt      the canonical form of files (fmt_words, fmt_layout); schema: JSON Schema for editors
corpus   labelled articles: precision and recall; usage: which terms fired
```
"""
