"""Edited rules beside the live ones over the archive: alerts gained, lost and moved.

```
plan      two rule sources and a period -> a Job: which packs are compared, the files that workers read
run       the steps below in workers, with progress; it may be cancelled
sift      which revisions of a stretch either side matches                       a worker per stretch
course    what would have been decided: the daemon's deciding step in memory     a worker per side
report    both sides beside one another: compare (pure), causes (which term, why)
preview   the same for the last day in one call, by a worker that keeps what does not depend on the edit
blocks    revisions by their words; which of them some rules match
values    what travels between them
```

Matching, stories, corroboration, holds, updates, the interval between alerts of a story, silences and the muting of
routine alerts by urgent ones are those of the daemon. What only moves messages (digests, quiet hours) is left out.
"""
