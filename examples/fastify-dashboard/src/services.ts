/** The data of the dashboard: random here, measured in a real app. */
export interface Service {
  name: string
  requests: number
  /** In ms. */
  latency: number
  errors: number
}

const PARTS = ['api', 'auth', 'billing', 'cart', 'images', 'mail', 'search', 'shop', 'stock', 'users']
const REGIONS = ['eu-west', 'eu-north', 'us-east', 'us-west', 'asia-south', 'asia-east']

export const services: Service[] = REGIONS.flatMap((region) =>
  PARTS.map((part) => ({ name: `${part}.${region}`, requests: 1_000, latency: 40, errors: 0 })),
)

/** Simulates one second: a few services change. */
export function measure(): void {
  for (let change = 0; change < 4; change++) {
    const service = services[Math.floor(Math.random() * services.length)] as Service
    service.requests += Math.floor(Math.random() * 100)
    service.latency = 20 + Math.floor(Math.random() * 60)
    if (Math.random() < 0.1) service.errors++
  }
}

/** All rows of the table. */
export function renderRows(): string {
  return services
    .map(
      ({ name, requests, latency, errors }) =>
        `<tr><th scope="row">${name}</th><td>${requests}</td><td>${latency} ms</td><td>${errors}</td></tr>`,
    )
    .join('\n')
}
