"""The bytes of the products of matrices: ``python -m tools.products``.

Writes the two products as WebAssembly's text, lets wabt (``package.json``) make bytes
of it and puts these into ``d2lmini/widgets/products.js``.  Both take two rows of A at a
time and keep their sums in registers, four numbers in each: ``product`` goes along rows
of B, 16 columns at once and then 4; ``rows`` takes B turned, 4 of its rows at once.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

from tools import book

SCRIPT = book.ROOT / "d2lmini" / "widgets" / "products.js"
WABT = book.ROOT / "node_modules" / "wabt"
BYTES = re.compile(r'(?<=const BYTES =\n  ")[\w+/=]*(?=";)')
ASSEMBLE = """
const [text] = [require("fs").readFileSync(0, "utf8")];
require(process.argv[1])().then((wabt) => {
  const module = wabt.parseWat("products.wat", text, { simd: true });
  process.stdout.write(Buffer.from(module.toBinary({}).buffer).toString("base64"));
});
"""
FRAME = """
(func (export "{name}")
  (param $M i32) (param $N i32) (param $K i32)
  (param $a i32) (param $b i32) (param $c i32)
  {numbers} {vectors}
  (local.set $row (i32.shl (local.get $N) (i32.const 2)))
  (local.set $depth (i32.shl (local.get $K) (i32.const 2)))
  (loop $rows
    (local.set $end (i32.add (local.get $a) (local.get $depth)))
    (local.set $j (i32.const 0))
    {columns}
    (local.set $a (i32.add (local.get $end) (local.get $depth)))
    (local.set $c (i32.add (local.get $c) (i32.shl (local.get $row) (i32.const 1))))
    (local.set $M (i32.sub (local.get $M) (i32.const 2)))
    (br_if $rows (i32.gt_s (local.get $M) (i32.const 0)))))
"""
COLUMNS = """
(block $done{width} (loop $columns{width}
  (br_if $done{width}
    (i32.gt_u (i32.add (local.get $j) (i32.const {bytes})) (local.get $row)))
  {zero}
  (local.set $pa (local.get $a))
  (local.set $p0 (i32.add (local.get $b) (local.get $j)))
  (loop $k{width}
    (local.set $x (v128.load32_splat (local.get $pa)))
    (local.set $y (v128.load32_splat (i32.add (local.get $pa) (local.get $depth))))
    {sums}
    (local.set $p0 (i32.add (local.get $p0) (local.get $row)))
    (local.set $pa (i32.add (local.get $pa) (i32.const 4)))
    (br_if $k{width} (i32.lt_u (local.get $pa) (local.get $end))))
  (local.set $pc (i32.add (local.get $c) (local.get $j)))
  {store}
  (local.set $j (i32.add (local.get $j) (i32.const {bytes})))
  (br $columns{width})))
"""
ROWS = """
(local.set $p0 (local.get $b))
(loop $columns
  {zero}
  (local.set $pa (local.get $a))
  {next}
  (loop $k
    (local.set $x (v128.load (local.get $pa)))
    (local.set $y (v128.load (i32.add (local.get $pa) (local.get $depth))))
    {sums}
    (local.set $pa (i32.add (local.get $pa) (i32.const 16)))
    (br_if $k (i32.lt_u (local.get $pa) (local.get $end))))
  (local.set $pc (i32.add (local.get $c) (local.get $j)))
  {store}
  (local.set $p0 (local.get $p3))
  (local.set $j (i32.add (local.get $j) (i32.const 16)))
  (br_if $columns (i32.lt_u (local.get $j) (local.get $row))))
"""
NEXT_ROW = "(local.set $pc (i32.add (local.get $pc) (local.get $row)))"


def _zero(count: int) -> str:
    zero = "(v128.const i32x4 0 0 0 0)"
    return "\n".join(f"(local.set $s{t} {zero})" for t in range(count))


def _added(place: str, factor: str) -> str:
    product = f"(f32x4.mul (local.get {factor}) (local.get $z))"
    return f"(local.set {place} (f32x4.add (local.get {place}) {product}))"


def _columns(width: int) -> str:
    """Along `width` columns of B, each number of A against a row of them."""
    n = width // 4
    sums, stores = [], []
    for t in range(n):
        sums.append(f"(local.set $z (v128.load offset={16 * t} (local.get $p0)))")
        sums += [_added(f"$s{t}", "$x"), _added(f"$s{n + t}", "$y")]
    for first in (0, n):
        stores += [
            f"(v128.store offset={16 * t} (local.get $pc) (local.get $s{first + t}))"
            for t in range(n)
        ]
        stores.append(NEXT_ROW)
    return COLUMNS.format(
        width=width,
        bytes=4 * width,
        zero=_zero(2 * n),
        sums="\n".join(sums),
        store="\n".join(stores[:-1]),
    )


def _rows() -> str:
    """Two rows of A against four of B, four numbers of each at a time."""
    sums, stores = [], []
    for t in range(4):
        sums.append(f"(local.set $z (v128.load (local.get $p{t})))")
        sums += [_added(f"$s{t}", "$x"), _added(f"$s{4 + t}", "$y")]
        sums.append(f"(local.set $p{t} (i32.add (local.get $p{t}) (i32.const 16)))")
    for first in (0, 4):
        for t in range(4):
            lanes = [
                f"(f32x4.extract_lane {lane} (local.get $s{first + t}))"
                for lane in range(4)
            ]
            pairs = [f"(f32.add {a} {b})" for a, b in (lanes[:2], lanes[2:])]
            whole = f"(f32.add {pairs[0]} {pairs[1]})"
            stores.append(f"(f32.store offset={4 * t} (local.get $pc) {whole})")
        stores.append(NEXT_ROW)
    following = [
        f"(local.set $p{t} (i32.add (local.get $p{t - 1}) (local.get $depth)))"
        for t in (1, 2, 3)
    ]
    return ROWS.format(
        zero=_zero(8),
        next="\n".join(following),
        sums="\n".join(sums),
        store="\n".join(stores[:-1]),
    )


def wat() -> str:
    """The module as text: memory, product and rows."""
    numbers = ("row", "depth", "j", "end", "pa", "pc", "p0", "p1", "p2", "p3")
    names = {
        "numbers": " ".join(f"(local ${name} i32)" for name in numbers),
        "vectors": " ".join(f"(local ${name} v128)" for name in "xyz")
        + "".join(f" (local $s{t} v128)" for t in range(8)),
    }
    product = FRAME.format(name="product", columns=_columns(16) + _columns(4), **names)
    rows = FRAME.format(name="rows", columns=_rows(), **names)
    return f'(module (memory (export "memory") 1)\n{product}\n{rows})'


def assembled() -> str:
    """The module as base64 of its bytes; needs Node and ``npm ci``."""
    command = [shutil.which("node") or "node", "-e", ASSEMBLE, str(WABT)]
    done = subprocess.run(
        command, input=wat(), capture_output=True, encoding="utf-8", check=True
    )
    return done.stdout


def main() -> None:
    """Put the bytes into the script."""
    if not WABT.exists():
        sys.exit("wabt is not installed: run npm ci first.")
    text = SCRIPT.read_text(encoding="utf-8")
    SCRIPT.write_text(BYTES.sub(assembled(), text), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
