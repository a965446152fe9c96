/** The failures of clients. */
export interface Verdict {
  /** Events that a client did not receive, without a gap. */
  lost: number
  /** Events that a client received twice, or after a later one. */
  twice: number
  /** Clients that reconnected with an unknown id and got no gap. */
  silent: number
}

/** The events of one numbered series that one client has received, and the check of their order. */
export class Course {
  /** The number of the last event; undefined: any may come next. */
  last: number | undefined
  /** After a gap: later numbers only, but any of them. */
  #leapAllowed = false

  /** Takes an event; returns the numbers that are missing before it, or 'twice' if it must not arrive any more. */
  take(number: number): readonly [from: number, to: number] | 'twice' | undefined {
    const { last } = this
    if (last !== undefined && number <= last) return 'twice'
    const leaps = this.#leapAllowed || last === undefined || number === last + 1
    this.#leapAllowed = false
    this.last = number
    return leaps ? undefined : [(last as number) + 1, number - 1]
  }

  /** The client received a gap. */
  gap(): void {
    this.#leapAllowed = true
  }

  /** It reconnects with an earlier id; undefined: with an unknown one. */
  rewind(last: number | undefined): void {
    this.last = last
    this.#leapAllowed = false
  }

  /** Whether it may have missed the newest events, which no later event reveals. */
  get leaps(): boolean {
    return this.#leapAllowed
  }
}

/**
 * Checks all clients. A rejected publish may be in the log or not: its event may be missing, but if it arrives, it must
 * arrive in order.
 */
export class Oracle {
  readonly #missing: { series: string; from: number; to: number; client: string }[] = []
  readonly #doubtful = new Map<string, Set<number>>()
  readonly #confirmed = new Map<string, number>()
  readonly verdict: Verdict = { lost: 0, twice: 0, silent: 0 }
  readonly notes: string[] = []
  events = 0

  take(client: string, series: string, course: Course, number: number): void {
    this.events++
    const { last } = course
    const result = course.take(number)
    if (result === 'twice') {
      this.verdict.twice++
      this.note(`${client} received ${series} ${number} after ${last}`)
    } else if (result !== undefined) {
      const [from, to] = result
      this.#missing.push({ series, from, to, client })
    }
  }

  silent(client: string, what: string): void {
    this.verdict.silent++
    this.note(`${client}: ${what}`)
  }

  /** The log has confirmed an event, or the result is unknown. */
  published(series: string, number: number, confirmed: boolean): void {
    if (confirmed) this.#confirmed.set(series, number)
    else {
      const doubtful = this.#doubtful.get(series) ?? new Set()
      this.#doubtful.set(series, doubtful.add(number))
    }
  }

  /** A client that follows until the end: it must have the last confirmed event. */
  ends(name: string, series: string, course: Course): void {
    const client = `${name}, at the end,`
    const newest = this.#confirmed.get(series)
    if (newest === undefined || course.last === undefined || course.leaps || course.last >= newest) return
    this.#missing.push({ series, from: course.last + 1, to: newest, client })
  }

  /** Whether it has everything that was confirmed. */
  isComplete(series: string, course: Course): boolean {
    return course.last === undefined || course.leaps || course.last >= (this.#confirmed.get(series) ?? 0)
  }

  judge(): Verdict {
    for (const { series, from, to, client } of this.#missing.splice(0)) {
      const doubtful = this.#doubtful.get(series)
      let lost = 0
      for (let number = from; number <= to; number++) if (!doubtful?.has(number)) lost++
      this.verdict.lost += lost
      if (lost > 0) this.note(`${client} did not receive ${series} ${[from, to].join('-')}`)
    }
    return this.verdict
  }

  note(text: string): void {
    if (this.notes.length < 20) this.notes.push(text)
  }
}
