"""One slot in a process of its own: a request on standard input, measure, the answer on standard output.

It needs numpy and a TFLite runtime, and nothing of the toolkit.
The request is JSON: `model`; `runtime`, one of RUNTIMES or "" for the first that is found; `threads`; `inputs` (.npy
files; none: random from `seed`); `edgetpu`, how a model that is compiled for one is run; and a `task`. To "time" it:
`warmup_count`, `warmup_seconds` and `warmup_limit_seconds`; and for the measured loop `count` and `seconds` (at least
both), `most` (invokes) and `limit_seconds`. For its "outputs": `save` and `expected`, files to keep them in and to
compare them with, and `examples` and `labels`, .npy files with one input and one class a row; each may be "".
To time it and check what it answers meanwhile, `check`: `examples` as above, and `expected`, the file that the model on
the CPU saved for them, or ""; its answer then has the model's signature, what it `takes` and `gives`, and what was
`checked`. Of the outputs of many examples only the `first` so many.
To tell the "devices" that the library lists, nothing more.
Further tasks, each with a warm-up as "time" has. To "switch" between `model` and an `other`: `count`, `seconds`, `most`
and `limit_seconds`, as "time" has. What is "paced": `rate`, `arrivals` (even, or poisson of a `draw`) and `count` of
frames, and `queue` and `deadline_ns`, which drop some. To "soak": `seconds`, `window_seconds`, `save`, a file for the
windows, and `watch`, files whose first line is read after each; a window `patience_seconds` late ends all. "together"
is "time" in one of several processes: number `place` of `together`, which wait up to `meeting_seconds` in the folder
`meeting`. A "pipeline" has `segments`, each with its `model` and `edgetpu`, and a `count` of frames.
`edgetpu` has the `library` and the `device` to open (a path: the one that the library lists under it), `performance`,
`compat` (auto, always or never), and `simulated`, what a simulated device is told, or null.
The answer is JSON: what ran, and times in nanoseconds or what the task found; or the `kind` of failure with its `text`.
"""
