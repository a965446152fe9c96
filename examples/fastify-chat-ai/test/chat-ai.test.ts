import { chatAiSuite } from '../../../test/browser/chat-ai-suite.ts'

chatAiSuite('fastify-chat-ai')
