import { all, type Effect, type PartEffect, type Surface, type ToolEffect, type Union } from './sorted.ts'

const stable = '@anthropic-ai/sdk/resources/messages/messages.d.ts'
const beta = '@anthropic-ai/sdk/resources/beta/messages/messages.d.ts'
const path = '/v1/messages'
const base = { model: 'claude-haiku-4-5', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] }
const fallback = { model: 'claude-opus-4-1' }

const members: Readonly<Record<string, Effect>> = {
  ...all('model max_tokens stream metadata', 'fact'),
  ...all('messages diagnostics stop_sequences system tool_choice', 'text'),
  ...all('user_profile_id workspace_id', 'elsewhere'),
  cache_control: { moves: 'cacheWrites', by: { type: 'ephemeral' } },
  container: { open: { skills: [{ type: 'anthropic', skill_id: 'pdf' }] } },
  inference_geo: { moves: 'inferenceGeo', by: 'us' },
  output_config: { moves: 'schema', by: { format: { type: 'json_schema' } } },
  service_tier: { moves: 'serviceTier', by: 'auto' },
  speed: { moves: 'speed', by: 'fast' },
  thinking: { moves: 'hiddenOutput', by: { type: 'adaptive' } },
  tools: { open: [{ type: 'web_search_20250305', name: 'web_search' }] },
}

export const anthropicSurfaces: readonly Surface[] = [
  { file: stable, name: 'MessageCreateParamsBase', path, base, members },
  {
    file: beta,
    name: 'MessageCreateParamsBase',
    path,
    base,
    members: {
      ...members,
      betas: 'elsewhere',
      ...all('billing_policy fallback_credit_token', 'text'),
      compaction: { open: { type: 'summarize' } },
      context_management: { open: { edits: [{ type: 'compact_20260112' }] } },
      fallbacks: { moves: 'fallbacks', by: [fallback] },
      mcp_servers: { open: [{ type: 'url', url: 'https://example.com', name: 'm' }] },
      output_format: { moves: 'schema', by: { type: 'json_schema' } },
      thread: { open: { type: 'continue', previous_message_id: 'msg_1' } },
    },
  },
  {
    file: beta,
    name: 'BetaFallbackParam',
    path,
    base: { ...base, fallbacks: [fallback] },
    // A body cannot have these beside `fallbacks`: each is tried in the one entry that there is.
    inside: 'fallbacks',
    members: {
      model: 'fact',
      max_tokens: { moves: 'fallbacks', by: 500 },
      ...all('output_config thinking', 'text'),
      speed: { moves: 'fallbacks', by: 'fast' },
    },
  },
]

const tools: Readonly<Record<string, readonly [ToolEffect, unknown]>> = {
  Tool: ['caller', { name: 'f', input_schema: {} }],
  ...typed('caller', {
    ToolBash20250124: 'bash_20250124',
    BrowserToolset20260801: 'browser_toolset_20260801',
    MemoryTool20250818: 'memory_20250818',
    ComputerToolset20260801: 'computer_toolset_20260801',
    ToolTextEditor20250124: 'text_editor_20250124',
    ToolTextEditor20250429: 'text_editor_20250429',
    ToolTextEditor20250728: 'text_editor_20250728',
  }),
  ...typed('provider', {
    CodeExecutionTool20250522: 'code_execution_20250522',
    CodeExecutionTool20250825: 'code_execution_20250825',
    CodeExecutionTool20260120: 'code_execution_20260120',
    CodeExecutionTool20260521: 'code_execution_20260521',
    ToolSearchToolBm25_20251119: 'tool_search_tool_bm25_20251119',
    ToolSearchToolRegex20251119: 'tool_search_tool_regex',
  }),
  ...typed('max_uses', {
    WebSearchTool20250305: 'web_search_20250305',
    WebFetchTool20250910: 'web_fetch_20250910',
    WebSearchTool20260209: 'web_search_20260209',
    WebFetchTool20260209: 'web_fetch_20260209',
    WebFetchTool20260309: 'web_fetch_20260309',
    WebSearchTool20260318: 'web_search_20260318',
    WebFetchTool20260318: 'web_fetch_20260318',
  }),
}

function typed<E>(effect: E, types: Readonly<Record<string, string>>): Record<string, readonly [E, unknown]> {
  return Object.fromEntries(Object.entries(types).map(([name, type]) => [name, [effect, { type }] as const]))
}

function ofBeta<E>(given: Readonly<Record<string, E>>): Record<string, E> {
  return Object.fromEntries(Object.entries(given).map(([name, effect]) => [`Beta${name}`, effect]))
}

export const anthropicTools: readonly Union<ToolEffect>[] = [
  { file: stable, name: 'ToolUnion', path, body: (tool) => ({ ...base, tools: [tool] }), members: tools },
  {
    file: beta,
    name: 'BetaToolUnion',
    path,
    body: (definition) => {
      const added = { type: 'tool_addition', tool: { type: 'tool_definition', definition } }
      return { ...base, messages: [...base.messages, { role: 'system', content: [added] }] }
    },
    members: {
      ...ofBeta(tools),
      ...typed('caller', {
        BetaToolBash20241022: 'bash_20241022',
        BetaToolComputerUse20241022: 'computer_20241022',
        BetaToolComputerUse20250124: 'computer_20250124',
        BetaToolComputerUse20251124: 'computer_20251124',
        BetaToolTextEditor20241022: 'text_editor_20241022',
      }),
      BetaAdvisorTool20260301: ['model', { type: 'advisor_20260301', model: 'claude-opus-4-1' }],
      BetaMCPToolset: ['provider', { type: 'mcp_toolset', mcp_server_name: 'm' }],
    },
  },
]

const file = { type: 'file', file_id: 'file_1' }
const definition = { type: 'tool_definition', definition: { type: 'web_search_20260318' } }
const blocks: Readonly<Record<string, readonly [PartEffect, unknown]>> = {
  TextBlockParam: ['text', { type: 'text', text: 'Hi' }],
  ImageBlockParam: ['picture', { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }],
  SearchResultBlockParam: ['text', { type: 'search_result', content: [{ type: 'text', text: 'Hi' }] }],
  ThinkingBlockParam: ['text', { type: 'thinking', thinking: 'Hm', signature: 's' }],
  RedactedThinkingBlockParam: ['text', { type: 'redacted_thinking', data: 'QUJD' }],
  ToolUseBlockParam: ['text', { type: 'tool_use', id: 't', name: 'f', input: {} }],
  ToolResultBlockParam: ['text', { type: 'tool_result', tool_use_id: 't', content: 'Hi' }],
  ServerToolUseBlockParam: ['text', { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }],
  ContainerUploadBlockParam: ['unbounded', { type: 'container_upload', file_id: 'file_1' }],
  ...typed('text', {
    WebSearchToolResultBlockParam: 'web_search_tool_result',
    WebFetchToolResultBlockParam: 'web_fetch_tool_result',
    CodeExecutionToolResultBlockParam: 'code_execution_tool_result',
    BashCodeExecutionToolResultBlockParam: 'bash_code_execution_tool_result',
    TextEditorCodeExecutionToolResultBlockParam: 'text_editor_code_execution_tool_result',
    ToolSearchToolResultBlockParam: 'tool_search_tool_result',
  }),
}

const blockBody = (block: unknown) => ({ ...base, messages: [{ role: 'user', content: [block] }] })

export const anthropicParts: readonly Union<PartEffect>[] = [
  {
    file: stable,
    name: 'ContentBlockParam',
    path,
    body: blockBody,
    members: { ...blocks, DocumentBlockParam: ['unbounded', { type: 'document', source: file }] },
  },
  {
    file: beta,
    name: 'BetaContentBlockParam',
    path,
    body: blockBody,
    members: {
      ...ofBeta(blocks),
      BetaRequestDocumentBlock: ['unbounded', { type: 'document', source: file }],
      BetaRequestToolAdditionBlock: ['open', { type: 'tool_addition', tool: definition }],
      ...typed('text', {
        BetaAdvisorToolResultBlockParam: 'advisor_tool_result',
        BetaMCPToolUseBlockParam: 'mcp_tool_use',
        BetaRequestMCPToolResultBlockParam: 'mcp_tool_result',
        BetaCompactionBlockParam: 'compaction',
        BetaRequestToolRemovalBlock: 'tool_removal',
        BetaMCPToolListingBlockParam: 'mcp_tool_listing',
        BetaFallbackBlockParam: 'fallback',
      }),
    },
  },
]
