/** Limits how many clients read the log at once. */
export class Resumes {
  readonly #max: number
  #count = 0

  constructor(max: number) {
    this.#max = max
  }

  get hasRoom(): boolean {
    return this.#count < this.#max
  }

  /** Counts one more; returns the function that removes it again. */
  enter(): () => void {
    this.#count++
    return () => {
      this.#count--
    }
  }
}
