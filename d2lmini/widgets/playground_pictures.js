// Where the playground's pictures come from.  Both functions use nothing but their
// arguments, so that the worker can have them; both return 6,000 pictures for training
// and after them 1,000 for validation: { images: Uint8Array, labels, train, levels }.

// Fashion-MNIST from the text that tools/pictures.py makes: base64 of deflated bytes,
// first the labels, then what each grey differs from a guess by its three neighbours.
/** @param {string} packed */
export const realPictures = async (packed) => {
  const [train, count, levels, side] = [6000, 7000, 31, 28];
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const content = new Uint8Array(await new Response(stream).arrayBuffer());
  if (content.length !== count * (1 + side * side))
    throw new Error("The file of the pictures is incomplete: load it again.");
  const labels = content.slice(0, count);
  const images = content.slice(count);
  for (let at = 0; at < images.length; at++) {
    const [i, j] = [Math.floor(at / side) % side, at % side];
    const left = j ? images[at - 1] : 0;
    const up = i ? images[at - side] : 0;
    const corner = i && j ? images[at - side - 1] : 0;
    const [low, high] = [Math.min(left, up), Math.max(left, up)];
    const guess = corner >= high ? low : corner <= low ? high : left + up - corner;
    images[at] = (images[at] + guess) & levels;
  }
  return { images, labels, train, levels };
};

// Ten kinds of garments, drawn; as many as Fashion-MNIST gives here, and always the same.
/** @param {(seed: number) => () => number} random */
export function drawnPictures(random) {
  const [train, count, levels, side, fine] = [6000, 7000, 255, 28, 56];
  const draw = random(28);
  const from = (low, high) => low + (high - low) * draw();
  const about = (spread) => spread * (draw() + draw() + draw() + draw() - 2) * 1.7; // nearly normal
  const mirrored = (half) => [...half, ...half.map(([x, y]) => [1 - x, y]).reverse()];
  const canvas = new Float32Array(fine * fine);

  // Fills an outline: rows of pixels between each two edges.
  function fill(points, tone) {
    for (let row = 0; row < fine; row++) {
      const y = (row + 0.5) / fine;
      const cuts = [];
      points.forEach(([x0, y0], k) => {
        const [x1, y1] = points[(k + 1) % points.length];
        if (y0 <= y !== y1 <= y) cuts.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
      });
      cuts.sort((a, b) => a - b);
      for (let k = 0; k + 1 < cuts.length; k += 2) {
        const last = Math.min(fine - 1, Math.floor(cuts[k + 1] * fine - 0.5));
        for (let j = Math.max(0, Math.ceil(cuts[k] * fine - 0.5)); j <= last; j++)
          canvas[row * fine + j] = tone(row, j);
      }
    }
  }

  function top([least, most], [short, long], open) {
    const [sleeve, hem] = [from(least, most), from(short, long)];
    const [half, shoulder, neck] = [from(0.17, 0.23), from(0.14, 0.2), from(0.06, 0.1)];
    const cuff = shoulder + 0.16 + sleeve * (hem - shoulder - 0.2);
    const reach = 0.5 - half - from(0.1, 0.16) - 0.03 * sleeve;
    const arm = [
      [0.5 - neck, shoulder - 0.05],
      [0.47 - half, shoulder],
      [reach, cuff],
      [reach + 0.11, cuff + 0.03],
      [0.5 - half, shoulder + 0.22],
      [0.5 - half, hem],
    ];
    const collar = [
      [0.5 - neck, shoulder - 0.05],
      [0.5, shoulder],
    ];
    const front = [
      [0.488, shoulder],
      [0.488, hem],
    ];
    const shapes = [
      [mirrored(arm), 0],
      [mirrored(collar), open ? -1.2 : -0.5],
    ];
    return open ? [...shapes, [mirrored(front), -1.2]] : shapes;
  }
  function trouser() {
    const [hip, ankle, gap] = [from(0.14, 0.2), from(0.08, 0.13), from(0.01, 0.04)];
    const half = [
      [0.53 - hip, 0.05],
      [0.5 - hip, 0.3],
      [0.5 - gap - ankle, 0.96],
      [0.5 - gap, 0.96],
      [0.5, 0.36],
    ];
    return [[mirrored(half), 0]];
  }
  function dress() {
    const [waist, hem] = [from(0.08, 0.13), from(0.14, 0.26)];
    const half = [
      [0.42, 0.05],
      [0.38, 0.1],
      [0.5 - waist, 0.42],
      [0.5 - hem, 0.96],
    ];
    const neck = [
      [0.45, 0.05],
      [0.5, 0.1],
    ];
    return [
      [mirrored(half), 0],
      [mirrored(neck), -1.5],
    ];
  }
  const sole = (high) => [
    [0.07, 0.74],
    [0.95, 0.72],
    [0.94, 0.72 + high],
    [0.08, 0.74 + high],
  ];
  function sandal() {
    const heel = from(0, 0.16);
    const ground = [
      [0.05, 0.76],
      [0.95, 0.72 - heel],
      [0.95, 0.78 - heel],
      [0.05, 0.82],
    ];
    const straps = Array.from({ length: 2 + Math.floor(3 * draw()) }, () => {
      const [start, high] = [from(0.12, 0.8), from(0.42, 0.58)];
      const strap = [
        [start, 0.76],
        [start + 0.1, high],
        [start + 0.15, high + 0.01],
        [start + 0.07, 0.77],
      ];
      return [strap, from(-0.5, 0.7)];
    });
    return [[ground, 0], ...straps];
  }
  function sneaker() {
    const high = from(0.44, 0.54);
    const upper = [
      [0.07, 0.66],
      [0.34, 0.58],
      [0.56, high],
      [0.7, high + 0.04],
      [0.93, high - 0.02],
      [0.95, 0.74],
      [0.07, 0.75],
    ];
    return [
      [upper, 0],
      [sole(from(0.03, 0.08)), 0.9],
    ];
  }
  function boot() {
    const [high, shaft] = [from(0.12, 0.36), from(0.46, 0.6)];
    const upper = [
      [0.07, 0.68],
      [0.3, 0.58],
      [shaft, 0.46],
      [shaft - 0.02, high],
      [0.92, high],
      [0.93, 0.76],
      [0.07, 0.77],
    ];
    return [
      [upper, 0],
      [sole(from(0.05, 0.14)), -0.7],
    ];
  }
  function bag() {
    const [high, wide, arch, thick] = [from(0.32, 0.5), from(0.3, 0.44), from(0.08, 0.24), from(0.03, 0.06)];
    const outer = [
      [0.3, high],
      [0.36, high - arch],
      [0.5, high - arch - 0.02],
    ];
    const inner = [
      [0.3 + thick, high],
      [0.37 + thick, high - arch + thick],
    ];
    const body = [
      [0.54 - wide, high],
      [0.5 - wide, 0.88],
    ];
    const flap = [
      [0.54 - wide, high],
      [0.58 - wide, high + 0.14],
    ];
    return [
      [mirrored(outer), -0.3],
      [mirrored(inner), -9],
      [mirrored(body), 0],
      [mirrored(flap), 0.5],
    ];
  }
  const KINDS = [
    () => top([0, 0.25], [0.75, 0.9], false),
    trouser,
    () => top([0.7, 1], [0.78, 0.92], false),
    dress,
    () => top([0.7, 1], [0.86, 0.97], true),
    sandal,
    () => top([0.1, 0.9], [0.76, 0.9], draw() < 0.7),
    sneaker,
    bag,
    boot,
  ];

  function garment(label, out) {
    canvas.fill(0);
    const shade = from(90, 240);
    const [turn, right, down] = [about(0.09), about(0.03), about(0.03)];
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const moved = ([x, y]) => [
      0.5 + right + cos * (x - 0.5) - sin * (y - 0.5),
      0.5 + down + sin * (x - 0.5) + cos * (y - 0.5),
    ];
    const [stripes, width, change] = [Math.floor(4 * draw()), from(3, 9), draw() < 0.5 ? -70 : 70];
    for (const [points, lighter] of KINDS[label]()) {
      const plain = lighter < -5 ? 0 : Math.min(255, Math.max(25, shade + 60 * lighter));
      fill(points.map(moved), (row, column) => {
        const striped = lighter === 0 && stripes < 2 && Math.floor((stripes ? row : column) / width) % 2;
        return striped ? Math.min(255, Math.max(20, shade + change)) : plain;
      });
    }
    const rough = from(4, 40);
    for (let i = 0; i < side; i++)
      for (let j = 0; j < side; j++) {
        const at = 2 * i * fine + 2 * j;
        const v = (canvas[at] + canvas[at + 1] + canvas[at + fine] + canvas[at + fine + 1]) / 4;
        out[i * side + j] = Math.min(255, Math.max(0, v > 8 ? v + about(rough) : v));
      }
  }
  const images = new Uint8Array(count * side * side);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  labels.forEach((label, i) => garment(label, images.subarray(i * side * side, (i + 1) * side * side)));
  return { images, labels, train, levels };
}
