export const element = (id) => document.getElementById(id)

/** A screen reader would speak the same text again. */
export function showText(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text
}

/** A copy of the template's element, with the texts put where `data-text` names them. */
export function fromTemplate(id, texts) {
  const copy = element(id).content.firstElementChild.cloneNode(true)
  for (const [name, text] of Object.entries(texts)) {
    copy.querySelector(`[data-text="${name}"]`).textContent = text
  }
  return copy
}
