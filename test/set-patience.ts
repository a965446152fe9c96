import { setPatience } from '../packages/testing/src/eventually.ts'

// Less than testTimeout in jest.config.ts: the message of eventually() must come before Jest ends the test.
setPatience(140_000)
