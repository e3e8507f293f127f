"""What the gateway costs beside nginx as a plain proxy: `make bench`.

    load (own process) --HTTP--> target (nginx or the gateway) --HTTP--> upstream (own process, fixed bytes)

Counted is the CPU time of the target's process alone, from the kernel's clock of that process, while a fixed number of
requests goes through it; so a busy machine disturbs it less than it disturbs wall time. In every round nginx goes first
and last, the gateway in between; the median of the rounds' own ratios counts, and the noise is how far the middle half
of them is spread. When it is over a third, the machine is too busy for the ratios to be taken at their word.

- Per request: CPU time / requests, 16 connections kept alive, always busy.
- Per chunk: (a stream of 51 chunks - a stream of one) / 50. They come all at once, or 5 ms apart as a model's do; then
  each costs its own wake-up.
- Memory: VmRSS after the start and after 100 requests. Start: from spawn to the first 200 of /health/live.

Linux only (/proc, per-process clocks).
"""
