import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findModel } from './models.ts'

test('coding agents find the models that they ask for unless told otherwise', () => {
  const claudeCode = ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-haiku-4-5-20251001']
  const codex = ['gpt-6.1-sol']
  const geminiCli = ['gemini-3.1-pro-preview', 'gemini-3.1-pro-preview-customtools', 'gemini-3.5-flash-lite']
  const openCode = ['gpt-5.4-nano', 'gemini-3.8-flash']
  for (const name of [...claudeCode, ...codex, ...geminiCli, ...openCode]) assert.notEqual(findModel(name), null, name)
})
