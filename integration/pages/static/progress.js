// Keeps what is under way moving; without scripts the page loads itself anew every few seconds.
const LOOK_AGAIN = 2000;

function showLine(line) {
  const row = document.querySelector(`[data-stream="${CSS.escape(line.name)}"]`);
  if (!row) return;
  row.className = line.state;
  row.querySelector("[data-said]").textContent = line.said;
  const bar = row.querySelector("progress");
  if (line.percent === null) bar.removeAttribute("value"); else bar.value = line.percent;
}

function showProgress(said) {
  const sentence = document.getElementById("how-far");
  if (sentence) sentence.textContent = said.sentence;
  const waiting = document.getElementById("waiting");
  if (waiting) waiting.textContent = said.waiting.toLocaleString(document.documentElement.lang);
  said.lines.forEach(showLine);
}

async function look(importing) {
  try {
    const said = await (await fetch("progress", {headers: {Accept: "application/json"}})).json();
    const isDone = importing ? !said.under_way : said.under_way || !said.waiting;
    if (said.state !== "active" || isDone) { location.reload(); return; }
    showProgress(said);
  } catch { /* the next look may do better */ }
  setTimeout(look, LOOK_AGAIN, importing);
}

setTimeout(look, LOOK_AGAIN, document.getElementById("how-far") !== null);
