/** A part of the stream that ends with a blank line. */
export interface Block {
  event: string
  /** Undefined if the block is not an event. It may still have set the id. */
  data: string | undefined
  /** The last id so far, from this block or an earlier one. */
  id: string
}

/**
 * Parses an event stream as in the HTML standard, section 9.2.6. Returns a function that receives the stream's text in
 * pieces.
 *
 * @param id - the client's last id
 * @param onRetry - receives the reconnection time in ms as soon as its line is complete
 */
export function createParser(
  id: string,
  onBlock: (block: Block) => unknown,
  onRetry: (ms: number) => void,
): (text: string) => void {
  let line = ''
  let endsInCr = false
  let event = ''
  let data: string | undefined

  return (text) => {
    // The LF of a CRLF whose CR ended the previous piece.
    const rest = endsInCr && text[0] === '\n' ? text.slice(1) : text
    endsInCr = text.endsWith('\r')
    const lines = rest.split(/\r\n?|\n/)
    lines[0] = line + lines[0]
    line = lines.pop() as string
    for (const each of lines) read(each)
  }

  function read(line: string): void {
    if (line === '') {
      const block = { event: event || 'message', data, id }
      event = ''
      data = undefined
      onBlock(block)
      return
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?/s.exec(line) as string[]
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`
    if (field === 'event') event = value
    if (field === 'id' && !value.includes('\0')) id = value
    if (field === 'retry' && /^\d+$/.test(value)) onRetry(+value)
  }
}
