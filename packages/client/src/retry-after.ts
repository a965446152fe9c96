/** How long a response asks to wait, in ms: RFC 9110, section 10.2.3. */
export function retryAfter(headers: Headers): number {
  const text = `${headers.get('retry-after')}`
  return +text * 1000 || Date.parse(text) - Date.now() || 0
}
