/** The longest wait in seconds: proxies and browsers give up on requests that take longer. */
const MAX_WAIT = 60

/** A preference: a name, and a value that is a token or a quoted string (RFC 7240, section 2). */
const PREFERENCE =
  /(?:^|,)\s*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]*))?((?:"(?:[^"\\]|\\.)*"|[^",])*)/g

/**
 * Reads how many seconds a client lets the server wait before it answers, from `Prefer: wait=20` or a query parameter;
 * at most 60. Undefined if the client does not ask for a finite answer.
 *
 * @param parameter - name of the query parameter; `false`: none
 * @see https://www.rfc-editor.org/rfc/rfc7240#section-4.3
 */
export function readWait(
  prefer: string | string[] | undefined,
  url = '',
  parameter: string | false = false,
): number | undefined {
  const header = Array.isArray(prefer) ? prefer.join(',') : prefer
  if (header !== undefined) {
    const seconds = ofHeader(header)
    if (seconds !== undefined) return seconds
  }
  const query = url.indexOf('?')
  if (parameter === false || query === -1) return undefined
  return seconds(new URLSearchParams(url.slice(query + 1)).get(parameter) ?? '')
}

/** "If any preference is specified more than once, only the first instance is to be considered." */
function ofHeader(prefer: string): number | undefined {
  for (const [, name = '', value = ''] of prefer.matchAll(PREFERENCE)) {
    if (name.toLowerCase() === 'wait') return seconds(value.replaceAll('"', ''))
  }
  return undefined
}

function seconds(value: string): number | undefined {
  return /^\d{1,9}$/.test(value) ? Math.min(Number(value), MAX_WAIT) : undefined
}
