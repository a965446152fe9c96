/** A whole line with its end. `data:image/png` does not match, nor does a token that is a colon. */
const FRAMED = /^(?:data|event|id|retry)?:[^\r\n]*[\r\n]/

/** Whether a text looks like the beginning of an event stream. */
export function looksFramed(text: string): boolean {
  return FRAMED.test(text)
}
