import { testClock } from '../../../test/browser/clock.ts'

testClock('fastify-clock')
