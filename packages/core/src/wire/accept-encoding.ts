/**
 * The first of `codings` that an `Accept-Encoding` allows (RFC 9110, 12.5.3); undefined for none of them. The order is
 * the server's: a client's weights only say what it cannot or must not get. Pure.
 *
 * @param accepted - the header; undefined when the client sent none: it may understand anything, and often does not
 */
export function chooseCoding<Coding extends string>(
  accepted: string | undefined,
  codings: readonly Coding[],
): Coding | undefined {
  if (accepted === undefined) return undefined
  const allowed = new Map<string, boolean>()
  for (const item of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    allowed.set(name, weight === undefined || Number(weight.slice(2)) > 0)
  }
  return codings.find((coding) => allowed.get(coding) ?? allowed.get('*') ?? false)
}
