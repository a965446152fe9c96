export interface Reading {
  /** 1, 2, 3 …, so that missing ones are noticed. */
  number: number
  /** In knots. */
  wind: number
  /** In °C. */
  air: number
  /** In metres. */
  waves: number
}

/** Random weather: each reading differs a little from the previous one. */
export class WeatherStation {
  newest: Reading = { number: 0, wind: 14, air: 11, waves: 1.2 }

  read(): Reading {
    const { number, wind, air, waves } = this.newest
    this.newest = {
      number: number + 1,
      wind: drift(wind, 1, 3, 40),
      air: drift(air, 0.3, -5, 25),
      waves: drift(waves, 0.1, 0.2, 6),
    }
    return this.newest
  }
}

function drift(value: number, step: number, min: number, max: number): number {
  const next = Math.min(max, Math.max(min, value + (2 * Math.random() - 1) * step))
  return Math.round(next * 10) / 10
}
