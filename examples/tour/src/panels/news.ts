import { hub } from '../hub.ts'
import { every } from '../tempo.ts'

export interface Headline {
  /** 1, 2, 3 …, so that missing ones are noticed. */
  number: number
  text: string
  time: string
}

export type NewsEvents = { headline: Headline }

const texts = [
  'Lighthouse keeper reports clear nights all week',
  'Night train reaches the coast an hour early',
  'Library lends its ten-millionth book',
  'Old bridge reopens to cyclists',
  'Choir of retired sailors wins first prize',
  'Baker finds a recipe from 1741 behind the oven',
  'Storks return to the chimney of the power station',
]
let reported = 0

/** The newest, the oldest first. */
export const headlines: Headline[] = []

// #region news
export function startNews(): void {
  for (let i = 0; i < 5; i++) report()
  every(2000, report)
}

function report(): void {
  const number = ++reported
  const headline = { number, text: texts[number % texts.length] ?? '', time: new Date().toISOString() }
  headlines.push(headline)
  if (headlines.length > 8) headlines.shift()
  hub.publish('news', { event: 'headline', data: headline })
}
// #endregion
