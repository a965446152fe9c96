/** An event of the tests: its publisher, and its number among the events of that publisher. */
export interface Numbered {
  readonly by: string
  readonly n: number
}

/** What a client received: an event, or a gap with its reason. */
export type Received = Numbered | { readonly gap: string }

/** The events that were acknowledged to a publisher. Refused ones may be stored, too, at most once. */
export interface Acknowledged {
  readonly by: string
  readonly numbers: ReadonlySet<number>
}

export interface Verdict {
  /** Acknowledged events that it did not receive, without a gap after them. */
  readonly missing: number
  /** Events that it received again. */
  readonly duplicate: number
  /** Acknowledged events that arrived after a later one of their publisher. */
  readonly outOfOrder: number
  /** The reasons of the gaps that it received. */
  readonly gaps: readonly string[]
}

/** Every acknowledged event once and in order, and no gap. */
export const flawless: Verdict = { missing: 0, duplicate: 0, outOfOrder: 0, gaps: [] }

/** Compares what a client received, in order, with what was acknowledged. */
export function judge(received: readonly Received[], publishers: readonly Acknowledged[]): Verdict {
  const parts = publishers.map((publisher) => judgeOne(received, publisher))
  const sum = (count: (part: Omit<Verdict, 'gaps'>) => number) =>
    parts.reduce((total, part) => total + count(part), 0)
  return {
    missing: sum(({ missing }) => missing),
    duplicate: sum(({ duplicate }) => duplicate),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    gaps: received.flatMap((one) => ('gap' in one ? [one.gap] : [])),
  }
}

function judgeOne(received: readonly Received[], { by, numbers }: Acknowledged): Omit<Verdict, 'gaps'> {
  const seen = new Map<number, number>()
  const gapsAt: number[] = []
  let highest = -1
  let [duplicate, outOfOrder] = [0, 0]
  for (const [at, one] of received.entries()) {
    if ('gap' in one) gapsAt.push(at)
    else if (one.by !== by) continue
    else if (seen.has(one.n)) duplicate++
    else {
      seen.set(one.n, at)
      if (!numbers.has(one.n)) continue
      if (one.n < highest) outOfOrder++
      highest = Math.max(highest, one.n)
    }
  }
  /** A gap makes its client load the page again: it covers everything that was missing before it. */
  const excused = (n: number) => {
    const earlier = [...seen].filter(([other]) => other < n && numbers.has(other))
    const lastEarlier = Math.max(-1, ...earlier.map(([, at]) => at))
    return (gapsAt.at(-1) ?? -1) > lastEarlier
  }
  const missing = [...numbers].filter((n) => !seen.has(n) && !excused(n)).length
  return { missing, duplicate, outOfOrder }
}
