"""Run submissions within limits, and go on after one that breaks them."""

import functools
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from traitlets import Bool, Integer, List, Unicode

# In its own mount and process namespaces: no other process to be seen or killed,
# and nothing of what is named in "$@" before "--".  The kernel's own folder lies in
# one of the hidden ones, so it waits in the first while an empty one is put on top.
# Without capabilities, none of that can be undone from within.
HIDE = """
here=$PWD first=$1
mount --bind "$here" "$first" || exit 1
while [ "$1" != -- ]; do
  [ "$1" = "$first" ] || {
    if [ -d "$1" ]; then mount -t tmpfs -o size=1m none "$1"
    else mount --bind /dev/null "$1"; fi || exit 1
  }
  shift
done
shift
mkdir -p "$here" && mount --bind "$first" "$here" || exit 1
mount -t tmpfs -o size=1m,ro none "$first" || exit 1
cd "$here" && exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs -- "$@"
"""

NAMESPACES = (
    "unshare",
    "--map-root-user",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)


@functools.cache
def can_hide() -> bool:
    """Whether this machine lets us hide folders from a process (Linux only)."""
    if not all(map(shutil.which, ("unshare", "setpriv", "mount"))):
        return False
    trial = [*NAMESPACES, "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(trial, capture_output=True).returncode == 0


class LimitedKernel(AsyncKernelManager):
    """A kernel that the operating system holds to a measure of memory and files."""

    memory = Integer(4 * 2**30, help="bytes of memory; 0 for no limit").tag(config=True)
    file_size = Integer(2**28, help="bytes in a file it writes; 0 for no limit").tag(
        config=True
    )
    hidden = List(
        Unicode(),
        help="existing folders and files that it must not see; a folder first",
    ).tag(config=True)

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """The command that starts the kernel, behind those that limit it."""
        command: list[str] = super().format_kernel_cmd(extra_arguments)
        return [*self._limits(), *self._walls(), *command]

    def _limits(self) -> Iterator[str]:
        if not shutil.which("prlimit"):
            self.log.warning("Without prlimit (Linux), memory is not limited.")
            return
        yield from ("prlimit", "--core=0")
        # Data, not address space: PyTorch maps far more than it ever uses.
        if self.memory:
            yield f"--data={self.memory}"
        if self.file_size:
            yield f"--fsize={self.file_size}"
        yield "--"

    def _walls(self) -> Iterator[str]:
        if not self.hidden:
            return
        if not can_hide():
            self.log.warning(
                "This machine does not let nbgrader hide folders: a submission can "
                "read what you can read. Grade in a container instead."
            )
            return
        yield from (*NAMESPACES, "sh", "-c", HIDE, "sh", *self.hidden, "--")


class ExecuteOn(Execute):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's own Execute, which survives a kernel that dies or hangs.

    The cell gets an error, and so no points.  A new kernel runs the cells again that
    had worked, checks left out, and the rest of the notebook is graded.
    """

    max_output = Integer(200_000, help="characters that a cell may print").tag(
        config=True
    )
    start_attempts = Integer(3, min=1, help="times to try to start a kernel").tag(
        config=True
    )
    coalesce_streams = Bool(True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("kernel_manager_class", LimitedKernel)
        super().__init__(*args, **kwargs)
        self.printed: dict[int, int] = {}

    def preprocess(
        self, nb: NotebookNode, resources: Any = None, km: Any = None
    ) -> tuple[NotebookNode, Any]:
        """Run `nb` in place."""
        self.printed = {}
        done: tuple[NotebookNode, Any] = super().preprocess(nb, resources, km)
        return done

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        """Run one cell, and whatever it does, be ready for the next."""
        if not self._run(cell, index):
            while not self._revived(index):
                pass  # each turn leaves out one more cell
        return cell, resources

    async def async_start_new_kernel_client(self) -> Any:
        """Its client; that of a new kernel, should the first have died at its start.

        It dies when another program takes one of the ports that it was given, which
        no student is to pay for.  RuntimeError if the last attempt fails as well.
        """
        for _ in range(self.start_attempts - 1):
            try:
                return await super().async_start_new_kernel_client()
            except RuntimeError:
                self.log.warning("The kernel died at its start: trying another.")
                self.km = self.create_kernel_manager()
                await self.async_start_new_kernel()
        return await super().async_start_new_kernel_client()

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    def _run(self, cell: NotebookNode, index: int) -> bool:
        """Whether the kernel still answers after `cell`."""
        self.printed[index] = 0
        try:
            self.execute_cell(cell, index, store_history=True)
        except (DeadKernelError, CellTimeoutError) as error:
            reason = type(error).__name__
            said = f"{reason}: the kernel did not survive this cell."
            untyped: Any = nbformat.v4
            note = untyped.new_output(
                "error", ename=reason, evalue=said, traceback=[said]
            )
            cell.setdefault("outputs", []).append(note)
            return False
        return True

    def _revived(self, index: int) -> bool:
        """Start anew and run again what had worked before `index`, but for checks."""
        self._cleanup_kernel()
        self.km = self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()
        return all(
            self._run(cell, i)
            for i, cell in enumerate(self.nb.cells[:index])
            if cell.cell_type == "code" and not _is_check(cell) and not _failed(cell)
        )

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> Any:
        """Take a message in, and cut off what is printed beyond `max_output`."""
        content = msg["content"]
        if msg["msg_type"] == "error":  # kept, since it decides the points
            content["evalue"] = content["evalue"][: self.max_output]
            content["traceback"] = [x[: self.max_output] for x in content["traceback"]]
        elif msg["msg_type"] in ("stream", "display_data", "execute_result"):
            room = self.max_output - self.printed.get(cell_index, 0)
            self.printed[cell_index] = self.max_output - room + len(str(content))
            if room <= 0:
                return None
            if "text" in content and len(content["text"]) > room:
                content["text"] = content["text"][:room] + "\n… cut off here …\n"
            elif len(str(content)) > max(room, 2**22):
                return None  # a picture larger than any that a lesson draws
        return super().process_message(msg, cell, cell_index)


def _is_check(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))


def _failed(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", ()))
