"""The few methods of a TFLite interpreter that the worker calls."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any


class Interpreter:
    """Behaves as the stem of its model's file name says; any other name is a model that works."""

    def __init__(self, model_path: str, num_threads: int) -> None:
        self.does, self.threads = Path(model_path).stem, num_threads
        self.invoked = 0
        self.batch = 1
        if self.does == "old_numpy":
            raise SystemError("<built-in method> returned a result with an exception set")
        if self.does == "load_failed":
            raise ValueError("Could not open model")

    def get_input_details(self) -> list[dict[str, object]]:
        if self.does != "takes_three_at_once":
            return []
        return [{"index": 0, "name": "x", "shape": [1, 4], "shape_signature": [-1, 4], "dtype": "float32"}]

    def get_output_details(self) -> list[dict[str, object]]:
        return []

    def resize_tensor_input(self, _index: int, shape: tuple[int, ...]) -> None:
        self.batch = shape[0]

    def set_tensor(self, _index: int, value: Any) -> None:
        if value.shape != (self.batch, 4):
            raise ValueError("Cannot set tensor: Dimension mismatch.")

    def allocate_tensors(self) -> None:
        if self.does == "takes_three_at_once" and self.batch != 3:
            raise RuntimeError(f"The batch is {self.batch}.")
        if self.does == "no_delegate":
            raise RuntimeError("Encountered unresolved custom op: edgetpu-custom-op.\nSee instructions")
        if self.does == "allocate_failed":
            raise RuntimeError("Node number 0 failed to prepare.")

    def invoke(self) -> None:
        self.invoked += 1
        getattr(self, self.does, self.works)()

    def works(self) -> None:
        time.sleep(0.001)

    def tiny(self) -> None:
        pass

    def prints(self) -> None:
        os.write(1, b"a native library talks on standard output\n")

    def crashes(self) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)

    def hangs(self) -> None:
        time.sleep(60)

    def sleeps(self) -> None:
        time.sleep(0.02)

    def fails(self) -> None:
        # As the real ones do, which never clear what they said before.
        raise RuntimeError("Node number 1 failed to invoke." * self.invoked)

    def fails_every_fourth(self) -> None:
        self.works()
        if self.invoked % 4 == 0:
            self.fails()

    def fails_after_fifty(self) -> None:
        self.works()
        if self.invoked > 50:
            self.fails()

    def slow_at_first(self) -> None:
        time.sleep(max(0.002, 0.03 * 0.9**self.invoked))

    def spins_in_a_thread(self) -> None:
        thread = threading.Thread(target=self.spins)
        thread.start()
        thread.join()

    def spins(self) -> None:
        end = time.thread_time() + 0.01
        while time.thread_time() < end:
            pass
