// Products of matrices, in which a network spends its time: by WebAssembly, four numbers at
// once, or in JavaScript where there is none.  Both are in the order of torch, float32.

// `python -m tools.products` makes these bytes: product(M, N, K, a, b, c) and rows, which
// takes B turned; M is even, N and K are multiples of 4, places count bytes.
const BYTES =
  "AGFzbQEAAAABCgFgBn9/f39/fwADAwIAAAUDAQABBxsDBm1lbW9yeQIAB3Byb2R1Y3QAAARyb3dzAAEKnwsCyQUCCn8LeyABQQJ0IQYgAkECdCEHA0AgAyAHaiEJQQAhCAJAA0AgCEHAAGogBksNAf0MAAAAAAAAAAAAAAAAAAAAACET/QwAAAAAAAAAAAAAAAAAAAAAIRT9DAAAAAAAAAAAAAAAAAAAAAAhFf0MAAAAAAAAAAAAAAAAAAAAACEW/QwAAAAAAAAAAAAAAAAAAAAAIRf9DAAAAAAAAAAAAAAAAAAAAAAhGP0MAAAAAAAAAAAAAAAAAAAAACEZ/QwAAAAAAAAAAAAAAAAAAAAAIRogAyEKIAQgCGohDANAIAr9CQIAIRAgCiAHav0JAgAhESAM/QAEACESIBMgECAS/eYB/eQBIRMgFyARIBL95gH95AEhFyAM/QAEECESIBQgECAS/eYB/eQBIRQgGCARIBL95gH95AEhGCAM/QAEICESIBUgECAS/eYB/eQBIRUgGSARIBL95gH95AEhGSAM/QAEMCESIBYgECAS/eYB/eQBIRYgGiARIBL95gH95AEhGiAMIAZqIQwgCkEEaiEKIAogCUkNAAsgBSAIaiELIAsgE/0LBAAgCyAU/QsEECALIBX9CwQgIAsgFv0LBDAgCyAGaiELIAsgF/0LBAAgCyAY/QsEECALIBn9CwQgIAsgGv0LBDAgCEHAAGohCAwACwsCQANAIAhBEGogBksNAf0MAAAAAAAAAAAAAAAAAAAAACET/QwAAAAAAAAAAAAAAAAAAAAAIRQgAyEKIAQgCGohDANAIAr9CQIAIRAgCiAHav0JAgAhESAM/QAEACESIBMgECAS/eYB/eQBIRMgFCARIBL95gH95AEhFCAMIAZqIQwgCkEEaiEKIAogCUkNAAsgBSAIaiELIAsgE/0LBAAgCyAGaiELIAsgFP0LBAAgCEEQaiEIDAALCyAJIAdqIQMgBSAGQQF0aiEFIABBAmshACAAQQBKDQALC9EFAgp/C3sgAUECdCEGIAJBAnQhBwNAIAMgB2ohCUEAIQggBCEMA0D9DAAAAAAAAAAAAAAAAAAAAAAhE/0MAAAAAAAAAAAAAAAAAAAAACEU/QwAAAAAAAAAAAAAAAAAAAAAIRX9DAAAAAAAAAAAAAAAAAAAAAAhFv0MAAAAAAAAAAAAAAAAAAAAACEX/QwAAAAAAAAAAAAAAAAAAAAAIRj9DAAAAAAAAAAAAAAAAAAAAAAhGf0MAAAAAAAAAAAAAAAAAAAAACEaIAMhCiAMIAdqIQ0gDSAHaiEOIA4gB2ohDwNAIAr9AAQAIRAgCiAHav0ABAAhESAM/QAEACESIBMgECAS/eYB/eQBIRMgFyARIBL95gH95AEhFyAMQRBqIQwgDf0ABAAhEiAUIBAgEv3mAf3kASEUIBggESAS/eYB/eQBIRggDUEQaiENIA79AAQAIRIgFSAQIBL95gH95AEhFSAZIBEgEv3mAf3kASEZIA5BEGohDiAP/QAEACESIBYgECAS/eYB/eQBIRYgGiARIBL95gH95AEhGiAPQRBqIQ8gCkEQaiEKIAogCUkNAAsgBSAIaiELIAsgE/0fACAT/R8BkiAT/R8CIBP9HwOSkjgCACALIBT9HwAgFP0fAZIgFP0fAiAU/R8DkpI4AgQgCyAV/R8AIBX9HwGSIBX9HwIgFf0fA5KSOAIIIAsgFv0fACAW/R8BkiAW/R8CIBb9HwOSkjgCDCALIAZqIQsgCyAX/R8AIBf9HwGSIBf9HwIgF/0fA5KSOAIAIAsgGP0fACAY/R8BkiAY/R8CIBj9HwOSkjgCBCALIBn9HwAgGf0fAZIgGf0fAiAZ/R8DkpI4AgggCyAa/R8AIBr9HwGSIBr9HwIgGv0fA5KSOAIMIA8hDCAIQRBqIQggCCAGSQ0ACyAJIAdqIQMgBSAGQQF0aiEFIABBAmshACAAQQBKDQALCw==";

const exports = start();

function start() {
  try {
    const bytes = Uint8Array.from(atob(BYTES), (letter) => letter.charCodeAt(0));
    return /** @type {any} */ (new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports);
  } catch {
    return null; // an old browser, or one that forbids it
  }
}

let memory = new Float32Array(0); // of the instance
const PAGE = 65536; // bytes
const whole = (n, by) => Math.ceil(n / by) * by;

function room(count) {
  const missing = 4 * count - exports.memory.buffer.byteLength;
  if (missing > 0) exports.memory.grow(Math.ceil(missing / PAGE));
  if (memory.buffer !== exports.memory.buffer) memory = new Float32Array(exports.memory.buffer);
}

// Copies the matrix (rows, cols) at A[a] to `at`, each row `wide` long; zeros fill it up.
function put(A, a, rows, cols, at, wide) {
  if (wide === cols) return memory.set(A.subarray(a, a + rows * cols), at);
  for (let i = 0; i < rows; i++) {
    const to = at + i * wide;
    for (let j = 0; j < cols; j++) memory[to + j] = A[a + i * cols + j];
    memory.fill(0, to + cols, to + wide);
  }
}

// Adds the (M, N) numbers at `at`, in rows `wide` long, to C.
function add(M, N, at, wide, C, c) {
  for (let i = 0; i < M; i++) {
    const [from, to] = [at + i * wide, c + i * N];
    for (let j = 0; j < N; j++) C[to + j] += memory[from + j];
  }
}

// C (M, N) += A (M, K) · B (K, N), each at an offset.
export function multiply(M, N, K, A, a, B, b, C, c) {
  if (!exports) return plain(M, N, K, A, a, B, b, C, c);
  const [rows, wide] = [whole(M, 2), whole(N, 4)];
  const second = whole(rows * K, 4);
  const third = second + K * wide;
  room(third + rows * wide);
  put(A, a, M, K, 0, K);
  put(B, b, K, N, second, wide);
  exports.product(M, wide, K, 0, 4 * second, 4 * third);
  add(M, N, third, wide, C, c);
}

// C (M, N) += A (M, K) · B (N, K) turned.
export function multiplyRows(M, N, K, A, a, B, b, C, c) {
  if (!exports) return plainRows(M, N, K, A, a, B, b, C, c);
  const [rows, wide, deep] = [whole(M, 2), whole(N, 4), whole(K, 4)];
  const second = rows * deep;
  const third = second + wide * deep;
  room(third + rows * wide);
  put(A, a, M, K, 0, deep);
  put(B, b, N, K, second, deep);
  exports.rows(M, wide, deep, 0, 4 * second, 4 * third);
  add(M, N, third, wide, C, c);
}

// The same in JavaScript; four rows of B at a time, so that
// each number of C is read and written once for four products.
function plain(M, N, K, A, a, B, b, C, c) {
  for (let i = 0; i < M; i++) {
    const row = c + i * N;
    let k = 0;
    for (; k + 3 < K; k += 4) {
      const at = a + i * K + k;
      const [p, q, r, s] = [A[at], A[at + 1], A[at + 2], A[at + 3]];
      if (p === 0 && q === 0 && r === 0 && s === 0) continue;
      const [x, y, z, w] = [b + k * N, b + (k + 1) * N, b + (k + 2) * N, b + (k + 3) * N];
      for (let j = 0; j < N; j++) C[row + j] += p * B[x + j] + q * B[y + j] + r * B[z + j] + s * B[w + j];
    }
    for (; k < K; k++) {
      const p = A[a + i * K + k];
      const x = b + k * N;
      for (let j = 0; j < N; j++) C[row + j] += p * B[x + j];
    }
  }
}

// Rows times rows, two by two in registers.
function plainRows(M, N, K, A, a, B, b, C, c) {
  for (let i = 0; i < M; i += 2) {
    const x = a + i * K;
    const y = i + 1 < M ? x + K : x;
    for (let j = 0; j < N; j += 2) {
      const u = b + j * K;
      const v = j + 1 < N ? u + K : u;
      let [p, q, r, s] = [0, 0, 0, 0];
      for (let k = 0; k < K; k++) {
        const [l, m, n, o] = [A[x + k], A[y + k], B[u + k], B[v + k]];
        p += l * n;
        q += l * o;
        r += m * n;
        s += m * o;
      }
      const at = c + i * N + j;
      C[at] += p;
      if (v !== u) C[at + 1] += q;
      if (y !== x) C[at + N] += r;
      if (v !== u && y !== x) C[at + N + 1] += s;
    }
  }
}
