import { button, fmt, frame, h, parse, put, status, uid, watch } from "./kit.js";

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
  unsaid(box); // so that the same answer, given again, is heard again
  box.el.classList.toggle("d2l-right", right);
  box.el.classList.toggle("d2l-wrong", !right);
  box.say(h("b", {}, right ? "✓ Right. " : "✗ Not quite. "), h("span", {}, ...rich(why)));
}

function unsaid(box) {
  box.el.classList.remove("d2l-right", "d2l-wrong");
  box.say();
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
  box.el.id = uid();
  const input = h("input", {
    type: "text",
    autocomplete: "off",
    "aria-describedby": box.el.id, // so that who comes back hears what is wrong
    "aria-label": `Your answer${question.unit ? `, in ${question.unit}` : ""}`,
    oninput: () => answer(null), // the verdict was on another number
  });
  const submit = (event) => {
    event.preventDefault();
    const value = parse(plain(input.value));
    input.setAttribute("aria-invalid", Number.isNaN(value));
    if (Number.isFinite(value)) answer(value);
    else {
      unsaid(box);
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
      if (document.activeElement !== input) input.value = given === null ? "" : fmt(given, 9);
    },
  };
}

function item(model, question, i) {
  const box = status("d2l-verdict");
  const answer = (value) => {
    const before = model.get("answers");
    if (before[i] !== value) put(model, { answers: before.map((old, j) => (j === i ? value : old)) });
    if (value === null) unsaid(box);
    else verdict(judge(question, value), box);
  };
  const body = question.choices ? choices(question, answer) : number(question, answer, box);
  const id = uid();
  const group = { class: "d2l-question", role: "group", "aria-labelledby": id, "data-question": i };
  const picture = question.picture ? h("img", { src: question.picture, alt: question.alt }) : null;
  const el = h("li", {}, h("div", group, h("p", { id }, ...rich(question.text)), picture, body.el, box.el));
  let last = null;
  const draw = () => {
    const given = model.get("answers")[i] ?? null;
    body.draw(given);
    if (given !== null && given !== last) verdict(judge(question, given), box);
    if (given === null && last !== null) unsaid(box);
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

// Where a page without a kernel keeps the answers, under what is asked.  With a
// kernel they are Python's, and a cell that is run again starts again.
function memory(model, questions) {
  if (model.get("_anywidget_id")) return { load: () => null, save() {} };
  let sum = 0;
  for (const sign of JSON.stringify(questions)) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) | 0;
  const key = `d2l-quiz-${sum}`;
  const fits = (given, { choices }) =>
    given === null || (choices ? Number.isInteger(given) && given in choices : Number.isFinite(given));
  return {
    load() {
      try {
        const kept = JSON.parse(localStorage.getItem(key) ?? "null");
        return Array.isArray(kept) && questions.every((one, i) => fits(kept[i], one)) ? kept : null;
      } catch {
        return null; // nothing is kept, or nothing may be
      }
    },
    save(answers) {
      try {
        localStorage.setItem(key, JSON.stringify(answers));
      } catch {
        // a page that may keep nothing works as well
      }
    },
  };
}

function render({ model, el }) {
  const questions = model.get("questions");
  const nothing = questions.map(() => null);
  const kept = memory(model, questions);
  const before = kept.load();
  if (before && model.get("answers").every((given) => given === null)) put(model, { answers: before });
  const items = questions.map((question, i) => item(model, question, i));
  const tally = status("d2l-note");
  tally.el.dataset.number = "score";
  const again = button({ label: "Start again", onClick: () => put(model, { answers: nothing }) });
  const draw = () => {
    items.forEach((x) => x.draw());
    kept.save(model.get("answers"));
    again.enable(model.get("answers").some((given) => given !== null));
    const score = items.filter((x) => x.right()).length;
    tally.el.dataset.value = score;
    tally.say(`${score} of ${items.length} right`);
  };
  const list = h("ol", { class: "d2l-questions" }, ...items.map((x) => x.el));
  const { stop } = frame(el, model.get("title"), list, tally.el, again.el);
  const forget = watch(model, draw);
  return () => {
    forget();
    stop();
  };
}

export default { render };
