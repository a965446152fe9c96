/**
 * The first of `codings` that an `Accept-Encoding` header allows (RFC 9110, 12.5.3); undefined if it allows none. The
 * server decides the order: weights of the client only exclude codings. Pure.
 *
 * @param accepted - the header; undefined if the client sent none: such a client formally accepts every coding, but
 *   often supports none
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
