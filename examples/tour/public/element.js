export const element = (id) => document.getElementById(id)

/** Changes the text only if it differs: otherwise a screen reader would repeat it. */
export function showText(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text
}

/** A copy of the element in the template, with the texts at the elements that `data-text` names. */
export function fromTemplate(id, texts) {
  const copy = element(id).content.firstElementChild.cloneNode(true)
  for (const [name, text] of Object.entries(texts)) {
    copy.querySelector(`[data-text="${name}"]`).textContent = text
  }
  return copy
}
