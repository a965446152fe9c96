/** Gives the tests of a file the globals of a page that @microsoft/fetch-event-source uses. */
export function usePageGlobals(): void {
  const page = {
    window: { fetch, setTimeout, clearTimeout },
    document: Object.assign(new EventTarget(), { hidden: false }),
  }

  beforeAll(() => {
    Object.assign(globalThis, page)
  })

  afterAll(() => {
    for (const name of Object.keys(page)) Reflect.deleteProperty(globalThis, name)
  })
}
