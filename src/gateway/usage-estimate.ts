import type { OpenCall } from './open-call.ts'
