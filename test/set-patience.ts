import { setPatience } from '../packages/testing/src/eventually.ts'

// Half of testTimeout in jest.config.ts: what is waited for is named before Jest ends the test.
setPatience(70_000)
