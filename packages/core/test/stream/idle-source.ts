/** Never settles. */
export const never: Promise<never> = new Promise(() => {})

/** A source that yields one item and is then idle forever. */
export class IdleSource implements AsyncIterableIterator<string> {
  readonly next = jest.fn<Promise<IteratorResult<string>>, []>(async () => never)
  readonly return = jest.fn<Promise<IteratorResult<string>>, []>(async () => ({
    done: true,
    value: undefined,
  }));

  [Symbol.asyncIterator](): this {
    this.next.mockResolvedValueOnce({ done: false, value: 'one' })
    return this
  }
}
