import { contestant } from '../contestants.mjs'

/** Rounds a value for display: more digits would be noise. @param {number | undefined} value */
export function shown(value) {
  if (value === undefined) return '-'
  return value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0)
}

/** @param {import('./results.mjs').TargetResult} target */
export function shownTarget({ title, ours, theirs, allowed }) {
  return `${title}: ${contestant(ours).title} / ${contestant(theirs).title}${allowed ? ` + ${allowed} KB` : ''}`
}
