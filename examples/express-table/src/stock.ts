export interface Row {
  id: string
  name: string
  count: number
}

/** Use your database here. */
const rows = new Map<string, Row>(
  ['Anchors', 'Buoys', 'Charts', 'Lanterns', 'Oars', 'Ropes', 'Sails'].map((name, n) => {
    const id = String(n + 1)
    return [id, { id, name, count: 10 * (n + 1) }]
  }),
)

/** The state of the table. One function for all pages: a call serves all of those that connect within a second. */
export async function readTable(): Promise<Row[]> {
  return [...rows.values()]
}

/** Returns the whole current row; undefined if there is none. */
export function changeCount(id: string, by: number): Row | undefined {
  const row = rows.get(id)
  if (row === undefined) return undefined
  const changed = { ...row, count: Math.max(0, row.count + by) }
  rows.set(id, changed)
  return changed
}
