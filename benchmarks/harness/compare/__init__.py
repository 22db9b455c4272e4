"""Two revisions of wsgiresp, measured in turns in one run: ``python -m benchmarks --compare REV``.

How it works:

* ``revisions`` lays the source of both into folders of their own. A process that is measured has one of these folders
  first on its path, and ends at once if the ``wsgiresp`` that it imports is another one.
* The code that such a process runs (``worker``, ``applications``) comes from this checkout for both revisions, and uses
  public names of wsgiresp only: private modules move from one revision to the next.
* A *round* starts new processes of both revisions. Within a round they take turns, batch by batch, in random order.
  Each pair of adjacent batches gives one ratio, new / old, and the median of these is the figure of the round.
* ``intervals`` makes an interval of the figures of all rounds. Two processes of the same code differ by a few percent
  for as long as they live, by where their memory lies: only another process shows that, so rounds count and pairs do
  not.

What is measured is data: groups of rows, in ``groups``.
"""
