/**
 * Reads the last event ID that a client sent, as a request header or as a query parameter: a page cannot set headers
 * on a new EventSource, but it can write the URL, and polyfills do. The header wins. '' when there is none.
 *
 * It is the client's word: opaque, up to the header limit of the server long, and to be checked before it is used.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
 */
export function readLastEventId(
  header: string | string[] | undefined,
  url = '',
  parameter: string | false = 'lastEventId',
): string {
  const sent = Array.isArray(header) ? header.join(', ') : header
  if (sent !== undefined && sent !== '') return decodeHeader(sent)
  const query = url.indexOf('?')
  if (parameter === false || query === -1) return ''
  return new URLSearchParams(url.slice(query + 1)).get(parameter) ?? ''
}

/**
 * "The result of encoding lastEventID as UTF-8", which Node hands out as latin1. Clients that are no browser send
 * latin1 itself; that is what remains when the bytes are not UTF-8.
 */
function decodeHeader(value: string): string {
  if (!/[\x80-\xff]/.test(value)) return value
  const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return value
  }
}
