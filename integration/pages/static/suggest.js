// Offers records by name while somebody types; without it a name is looked up when the form is sent.
const from = document.currentScript.dataset.from;

function offer(field) {
  const list = document.createElement("datalist");
  list.id = `found-${Math.random().toString(36).slice(2)}`;
  field.after(list);
  field.setAttribute("list", list.id);
  let asked = "", waiting = 0;
  async function look() {
    const text = field.value.trim();
    if (text.length < 3 || text === asked) return;
    asked = text;
    const query = new URLSearchParams({type: field.dataset.find, text});
    const answer = await fetch(`${from}?${query}`, {headers: {Accept: "application/json"}});
    if (!answer.ok || text !== asked) return;
    list.replaceChildren(...(await answer.json()).map(record => {
      const option = document.createElement("option");
      option.value = `${record.name || record.note} (${record.id})`;
      option.label = record.note;
      return option;
    }));
  }
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => look().catch(() => {}), 250);
  });
}

document.querySelectorAll("[data-find]").forEach(offer);
