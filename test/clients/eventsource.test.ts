import { EventSource } from 'eventsource'
import { eventSourceSuite, report } from './event-source-suite.ts'

eventSourceSuite((url, journal) => report(new EventSource(url), journal))
