/**
 * Our value divided by that of a peer; undefined if one of them was not measured.
 *
 * @param {readonly Omit<import('./results.mjs').Figure, 'ratio'>[]} figures
 * @param {string | undefined} ours
 * @param {string} theirs
 * @param {string} key
 * @param {number} [allowed] By how much ours may exceed theirs.
 */
export function ratio(figures, ours, theirs, key, allowed = 0) {
  const medianOf = (/** @type {string | undefined} */ name) =>
    figures.find(({ contestant }) => contestant === name)?.medians[key]
  const [a, b] = [medianOf(ours), medianOf(theirs)]
  return a === undefined || b === undefined ? undefined : a / (b + allowed)
}
