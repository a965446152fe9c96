import { testClock } from '../../../test/browser/clock.ts'

testClock('express-clock')
