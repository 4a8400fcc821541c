import { fmt, frame, h, parse, put, status, uid, watch } from "./kit.js";

// Text with `code` between backticks, as nodes.
const rich = (text) => text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part));

const close = (a, b, tolerance) => Math.abs(a - b) <= Math.max(tolerance, 1e-9 * Math.max(Math.abs(a), Math.abs(b)));

// Without the signs between thousands: 61 706 and 61,706 are 61706.
const plain = (text) => {
  const tight = text.trim().replace(/(\d)[\s\u202f\u00a0](?=\d{3})/g, "$1");
  return /^[-−]?[1-9]\d{0,2}(,\d{3})+$/.test(tight) ? tight.replaceAll(",", "") : tight;
};

// What to say to an answer: { right, why }.
function judge(question, answer) {
  if (question.choices) {
    const chosen = question.choices[answer];
    return { right: chosen.right, why: chosen.why };
  }
  if (close(answer, question.answer, question.tolerance)) return { right: true, why: question.why };
  const slip = question.wrong.find(([number]) => close(answer, number, question.tolerance));
  return { right: false, why: slip ? slip[1] : question.otherwise };
}

// The letters, the words and the sign say right or wrong; colour only repeats it.
function verdict({ right, why }, box) {
  box.el.classList.toggle("d2l-right", right);
  box.el.classList.toggle("d2l-wrong", !right);
  box.say(h("b", {}, right ? "✓ Right. " : "✗ Not quite. "), h("span", {}, ...rich(why)));
}

function choices(question, answer) {
  const buttons = question.choices.map((one, i) =>
    h(
      "button",
      { type: "button", class: "d2l-answer", "aria-pressed": "false", onclick: () => answer(i) },
      h("span", { class: "d2l-letter", "aria-hidden": "true" }, "ABCDEFGH"[i]),
      h("span", {}, ...rich(one.text)),
    ),
  );
  return {
    el: h("div", { class: "d2l-answers" }, ...buttons),
    draw: (given) => buttons.forEach((b, i) => b.setAttribute("aria-pressed", i === given)),
  };
}

function number(question, answer, box) {
  const input = h("input", {
    type: "text",
    autocomplete: "off",
    "aria-label": `Your answer${question.unit ? `, in ${question.unit}` : ""}`,
  });
  const submit = (event) => {
    event.preventDefault();
    const value = parse(plain(input.value));
    input.setAttribute("aria-invalid", Number.isNaN(value));
    if (Number.isFinite(value)) answer(value);
    else {
      box.el.classList.remove("d2l-right", "d2l-wrong");
      box.say("Please write a number, such as 12, 0.5 or 1/3.");
    }
  };
  return {
    el: h(
      "form",
      { class: "d2l-row", onsubmit: submit },
      input,
      question.unit ? h("span", {}, question.unit) : null,
      h("button", {}, "Check"),
    ),
    draw: (given) => {
      if (document.activeElement !== input && given !== null) input.value = fmt(given, 9);
    },
  };
}

function item(model, question, i) {
  const box = status("d2l-verdict");
  const answer = (value) => {
    put(model, { answers: model.get("answers").map((old, j) => (j === i ? value : old)) });
    verdict(judge(question, value), box);
  };
  const body = question.choices ? choices(question, answer) : number(question, answer, box);
  const id = uid();
  const el = h(
    "li",
    { class: "d2l-question", role: "group", "aria-labelledby": id, "data-question": i },
    h("p", { id }, ...rich(question.text)),
    body.el,
    box.el,
  );
  let last = null;
  const draw = () => {
    const given = model.get("answers")[i] ?? null;
    body.draw(given);
    if (given !== null && given !== last) verdict(judge(question, given), box);
    last = given;
  };
  return {
    el,
    draw,
    right: () => {
      const given = model.get("answers")[i] ?? null;
      return given !== null && judge(question, given).right;
    },
  };
}

function render({ model, el }) {
  const items = model.get("questions").map((question, i) => item(model, question, i));
  const tally = h("p", { class: "d2l-note", "data-number": "score" });
  const draw = () => {
    items.forEach((x) => x.draw());
    const score = items.filter((x) => x.right()).length;
    tally.dataset.value = score;
    tally.textContent = `${score} of ${items.length} right`;
  };
  const { stop } = frame(el, model.get("title"), h("ol", { class: "d2l-questions" }, ...items.map((x) => x.el)), tally);
  const forget = watch(model, draw);
  return () => {
    forget();
    stop();
  };
}

export default { render };
