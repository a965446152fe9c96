/** What has gone wrong for clients. */
export interface Verdict {
  /** Events that a client should have had, and was not told that it may not have them. */
  lost: number
  /** Events that a client had twice, or after a later one. */
  twice: number
  /** Clients that came back with an id of nowhere and were not told so. */
  silent: number
}

/** What one client has had of one numbered series, and whether that can be right. */
export class Course {
  /** Number of the last event; undefined: any may come next. */
  last: number | undefined
  /** After a gap: later numbers only, but any of them. */
  #leapAllowed = false

  /** An event came: the numbers that should have come before it; 'twice' when it must not come any more. */
  take(number: number): readonly [from: number, to: number] | 'twice' | undefined {
    const { last } = this
    if (last !== undefined && number <= last) return 'twice'
    const leaps = this.#leapAllowed || last === undefined || number === last + 1
    this.#leapAllowed = false
    this.last = number
    return leaps ? undefined : [(last as number) + 1, number - 1]
  }

  /** The client was told that something may be missing. */
  gap(): void {
    this.#leapAllowed = true
  }

  /** It comes back from an earlier place; undefined: from one that says nothing. */
  rewind(last: number | undefined): void {
    this.last = last
    this.#leapAllowed = false
  }

  /** Whether it may have missed the newest events without being told of it by a later one. */
  get leaps(): boolean {
    return this.#leapAllowed
  }
}

/**
 * Judges all clients. Of a publish that was rejected nobody knows whether the log has it: it may be missing, but it must
 * come at its place or not at all.
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
      this.note(`${client} had ${series} ${number} after ${last}`)
    } else if (result !== undefined) {
      const [from, to] = result
      this.#missing.push({ series, from, to, client })
    }
  }

  silent(client: string, what: string): void {
    this.verdict.silent++
    this.note(`${client}: ${what}`)
  }

  /** The log has confirmed an event, or nobody knows. */
  published(series: string, number: number, confirmed: boolean): void {
    if (confirmed) this.#confirmed.set(series, number)
    else {
      const doubtful = this.#doubtful.get(series) ?? new Set()
      this.#doubtful.set(series, doubtful.add(number))
    }
  }

  /** A client that has been following to the end: it must have the last confirmed event. */
  ends(name: string, series: string, course: Course): void {
    const client = `${name}, at the end,`
    const newest = this.#confirmed.get(series)
    if (newest === undefined || course.last === undefined || course.leaps || course.last >= newest) return
    this.#missing.push({ series, from: course.last + 1, to: newest, client })
  }

  /** Whether it has all that was confirmed. */
  isComplete(series: string, course: Course): boolean {
    return course.last === undefined || course.leaps || course.last >= (this.#confirmed.get(series) ?? 0)
  }

  judge(): Verdict {
    for (const { series, from, to, client } of this.#missing.splice(0)) {
      const doubtful = this.#doubtful.get(series)
      let lost = 0
      for (let number = from; number <= to; number++) if (!doubtful?.has(number)) lost++
      this.verdict.lost += lost
      if (lost > 0) this.note(`${client} has not had ${series} ${[from, to].join('-')}`)
    }
    return this.verdict
  }

  note(text: string): void {
    if (this.notes.length < 20) this.notes.push(text)
  }
}
