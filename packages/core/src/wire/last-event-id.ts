/**
 * Reads the last event ID that a client sent, from the request header or a query parameter. A page cannot set headers
 * of a new EventSource, but it can write the URL; polyfills do so as well. The header takes precedence. '' if there is
 * none.
 *
 * The value is untrusted: it may be as long as the server's header limit, and must be checked before use.
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
 * Decodes "the result of encoding lastEventID as UTF-8", which Node returns as latin1. Some clients that are no
 * browsers send latin1 itself, so bytes that are not UTF-8 are read as latin1.
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
