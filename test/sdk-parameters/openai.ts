import { all, type Effect, type PartEffect, type Surface, type ToolEffect, type Union } from './sorted.ts'

const chat = 'openai/resources/chat/completions/completions.d.ts'
const responses = 'openai/resources/responses/responses.d.ts'
const betaResponses = 'openai/resources/beta/responses/responses.d.ts'
const images = 'openai/resources/images.d.ts'
const messages = [{ role: 'user', content: 'Hi' }]
const schema = { type: 'json_schema' }

const responsesMembers: Readonly<Record<string, Effect>> = {
  ...all('model background stream metadata max_output_tokens max_tool_calls', 'fact'),
  ...all('access_programs image include input instructions moderation parallel_tool_calls prompt_cache_key', 'text'),
  ...all('prompt_cache_options prompt_cache_retention safety_identifier store stream_options temperature', 'text'),
  ...all('tool_choice top_logprobs top_p truncation user', 'text'),
  context_management: { open: [{ type: 'compaction' }] },
  conversation: { moves: 'inputUnbounded', by: 'conv_1' },
  previous_response_id: { moves: 'inputUnbounded', by: 'resp_1' },
  prompt: { open: { id: 'pmpt_1' } },
  reasoning: { moves: 'hiddenOutput', by: { effort: 'low' } },
  service_tier: { moves: 'serviceTier', by: 'priority' },
  text: { moves: 'schema', by: { format: schema } },
  tools: { open: [{ type: 'web_search' }] },
}

const asked = { model: 'gpt-4.1', input: 'Hi' }

export const openaiSurfaces: readonly Surface[] = [
  {
    file: chat,
    name: 'ChatCompletionCreateParamsBase',
    path: '/v1/chat/completions',
    base: { model: 'gpt-4.1', messages },
    members: {
      ...all('model stream metadata max_tokens max_completion_tokens', 'fact'),
      ...all(
        'messages audio frequency_penalty function_call logit_bias logprobs moderation parallel_tool_calls',
        'text',
      ),
      ...all('presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention safety_identifier', 'text'),
      ...all('seed stop store stream_options temperature tool_choice top_logprobs top_p user verbosity', 'text'),
      functions: { moves: 'tools', by: [{ name: 'f' }] },
      modalities: { moves: 'hiddenOutput', by: ['text', 'audio'] },
      n: { moves: 'answers', by: 3 },
      prediction: { moves: 'hiddenOutput', by: { type: 'content', content: 'Hi' } },
      reasoning_effort: { moves: 'hiddenOutput', by: 'low' },
      response_format: { moves: 'schema', by: schema },
      service_tier: { moves: 'serviceTier', by: 'priority' },
      tools: { moves: 'tools', by: [{ type: 'function', function: { name: 'f' } }] },
      web_search_options: { open: {} },
    },
  },
  { file: responses, name: 'ResponseCreateParamsBase', path: '/v1/responses', base: asked, members: responsesMembers },
  {
    file: betaResponses,
    name: 'ResponseCreateParamsBase',
    path: '/v1/responses',
    base: asked,
    members: { ...responsesMembers, multi_agent: { open: { enabled: true } }, betas: 'elsewhere' },
  },
  {
    file: responses,
    name: 'ResponseCompactParams',
    path: '/v1/responses/compact',
    base: asked,
    members: {
      model: 'fact',
      ...all('image input instructions prompt_cache_key prompt_cache_options prompt_cache_retention', 'text'),
      previous_response_id: { moves: 'inputUnbounded', by: 'resp_1' },
      service_tier: { moves: 'serviceTier', by: 'priority' },
    },
  },
  {
    file: 'openai/resources/completions.d.ts',
    name: 'CompletionCreateParamsBase',
    path: '/v1/completions',
    base: { model: 'davinci-002', prompt: 'Hi' },
    members: {
      ...all('model max_tokens stream', 'fact'),
      ...all('echo frequency_penalty logit_bias logprobs presence_penalty seed stop stream_options', 'text'),
      ...all('suffix temperature top_p user', 'text'),
      best_of: { moves: 'answers', by: 3 },
      n: { moves: 'answers', by: 3 },
      prompt: { moves: 'answers', by: ['Hi', 'Ho'] },
    },
  },
  {
    file: 'openai/resources/embeddings.d.ts',
    name: 'EmbeddingCreateParams',
    path: '/v1/embeddings',
    base: { model: 'text-embedding-3-small', input: 'Hi' },
    members: { model: 'fact', ...all('input dimensions encoding_format user', 'text') },
  },
  {
    file: 'openai/resources/moderations.d.ts',
    name: 'ModerationCreateParams',
    path: '/v1/moderations',
    base: { input: 'Hi' },
    members: { model: 'fact', input: 'text' },
  },
  ...(['ImageGenerateParamsBase', 'ImageEditParamsBase', 'ImageCreateVariationParams'] as const).map((name) => ({
    file: images,
    name,
    path: '/v1/images/generations',
    base: { model: 'gpt-image-1', prompt: 'A cat' },
    unbounded: true as const,
    members: imageMembers(name),
  })),
  {
    file: 'openai/resources/audio/speech.d.ts',
    name: 'SpeechCreateParams',
    path: '/v1/audio/speech',
    base: { model: 'gpt-4o-mini-tts', input: 'Hi', voice: 'ash' },
    unbounded: true,
    members: all('model input voice instructions response_format speed stream_format', 'text'),
  },
  {
    file: 'openai/resources/audio/transcriptions.d.ts',
    name: 'TranscriptionCreateParamsBase',
    path: '/v1/audio/transcriptions',
    base: {},
    unbounded: true,
    members: {
      ...all('file model chunking_strategy include keywords known_speaker_names known_speaker_references', 'text'),
      ...all('language languages prompt response_format stream temperature timestamp_granularities', 'text'),
    },
  },
  {
    file: 'openai/resources/audio/translations.d.ts',
    name: 'TranslationCreateParams',
    path: '/v1/audio/translations',
    base: {},
    unbounded: true,
    members: all('file model prompt response_format temperature', 'text'),
  },
]

function imageMembers(name: string): Record<string, Effect> {
  if (name === 'ImageCreateVariationParams') return all('image model n response_format size user', 'text')
  const both = 'prompt background complexity frame_count frame_duration_ms model n output_compression'
  const more = 'output_format partial_images quality response_format safety_identifier size stream svg user'
  const own = name === 'ImageGenerateParamsBase' ? 'moderation style' : 'image input_fidelity markup mask'
  return all(`${both} ${more} ${own}`, 'text')
}

const responsesTools: Readonly<Record<string, readonly [ToolEffect, unknown]>> = {
  FunctionTool: ['caller', { type: 'function', name: 'f' }],
  FileSearchTool: ['provider', { type: 'file_search' }],
  ComputerTool: ['caller', { type: 'computer' }],
  ComputerUsePreviewTool: ['caller', { type: 'computer_use_preview' }],
  WebSearchTool: ['provider', { type: 'web_search' }],
  'Tool.Mcp': ['provider', { type: 'mcp' }],
  'Tool.CodeInterpreter': ['provider', { type: 'code_interpreter' }],
  'Tool.ProgrammaticToolCalling': ['provider', { type: 'programmatic_tool_calling' }],
  'Tool.ImageGeneration': ['model', { type: 'image_generation' }],
  'Tool.LocalShell': ['caller', { type: 'local_shell' }],
  FunctionShellTool: ['provider', { type: 'shell' }],
  CustomTool: ['caller', { type: 'custom' }],
  NamespaceTool: ['caller', { type: 'namespace', tools: [] }],
  ToolSearchTool: ['provider', { type: 'tool_search' }],
  WebSearchPreviewTool: ['provider', { type: 'web_search_preview' }],
  ApplyPatchTool: ['caller', { type: 'apply_patch' }],
}

export const openaiTools: readonly Union<ToolEffect>[] = [
  {
    file: chat,
    name: 'ChatCompletionTool',
    path: '/v1/chat/completions',
    body: (tool) => ({ model: 'gpt-4.1', messages, tools: [tool] }),
    members: {
      ChatCompletionFunctionTool: ['caller', { type: 'function', function: { name: 'f' } }],
      ChatCompletionCustomTool: ['caller', { type: 'custom', custom: { name: 'c' } }],
    },
  },
  {
    file: responses,
    name: 'Tool',
    path: '/v1/responses',
    body: (tool) => ({ ...asked, tools: [tool] }),
    members: responsesTools,
  },
  {
    file: betaResponses,
    name: 'BetaTool',
    path: '/v1/responses',
    body: (tool) => ({ ...asked, input: [{ type: 'additional_tools', role: 'developer', tools: [tool] }] }),
    members: ofBeta(responsesTools),
  },
]

function ofBeta<E>(members: Readonly<Record<string, E>>): Record<string, E> {
  return Object.fromEntries(Object.entries(members).map(([name, effect]) => [`Beta${name}`, effect]))
}

const items: Readonly<Record<string, readonly [PartEffect, unknown]>> = {
  EasyInputMessage: ['text', { role: 'user', content: 'Hi' }],
  'ResponseInputItem.Message': [
    'text',
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
  ],
  ResponseOutputMessage: ['text', { type: 'message', id: 'msg_1', content: [{ type: 'output_text', text: 'Hi' }] }],
  ResponseFileSearchToolCall: ['text', { type: 'file_search_call', id: 'fs_1', queries: [], results: [] }],
  ResponseComputerToolCall: ['text', { type: 'computer_call', id: 'cu_1', call_id: 'c', action: { type: 'wait' } }],
  'ResponseInputItem.ComputerCallOutput': [
    'picture',
    { type: 'computer_call_output', call_id: 'c', output: { type: 'computer_screenshot', file_id: 'file-1' } },
  ],
  ResponseFunctionWebSearch: ['text', { type: 'web_search_call', id: 'ws_1', action: { type: 'search', query: 'q' } }],
  ResponseFunctionToolCall: ['text', { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }],
  'ResponseInputItem.FunctionCallOutput': ['text', { type: 'function_call_output', call_id: 'c', output: 'Hi' }],
  'ResponseInputItem.ToolSearchCall': ['text', { type: 'tool_search_call', arguments: {} }],
  ResponseToolSearchOutputItemParam: ['open', { type: 'tool_search_output', tools: [{ type: 'web_search' }] }],
  'ResponseInputItem.AdditionalTools': ['open', { type: 'additional_tools', tools: [{ type: 'web_search' }] }],
  ResponseConfigurationUpdateItemParam: ['text', { type: 'configuration_update', reasoning: { effort: 'high' } }],
  ResponseReasoningItem: ['unbounded', { type: 'reasoning', id: 'rs_1', summary: [] }],
  ResponseCompactionItemParam: ['text', { type: 'compaction', encrypted_content: 'gAAA' }],
  'ResponseInputItem.ImageGenerationCall': ['picture', { type: 'image_generation_call', id: 'ig_1' }],
  ResponseCodeInterpreterToolCall: ['text', { type: 'code_interpreter_call', id: 'ci_1', code: '1', outputs: [] }],
  'ResponseInputItem.LocalShellCall': ['text', { type: 'local_shell_call', id: 'l', action: { type: 'exec' } }],
  'ResponseInputItem.LocalShellCallOutput': ['text', { type: 'local_shell_call_output', id: 'l', output: 'Hi' }],
  'ResponseInputItem.ShellCall': ['text', { type: 'shell_call', call_id: 'c', action: { commands: ['ls'] } }],
  'ResponseInputItem.ShellCallOutput': ['text', { type: 'shell_call_output', call_id: 'c', output: [] }],
  'ResponseInputItem.ApplyPatchCall': ['text', { type: 'apply_patch_call', call_id: 'c', operation: {} }],
  'ResponseInputItem.ApplyPatchCallOutput': ['text', { type: 'apply_patch_call_output', call_id: 'c' }],
  'ResponseInputItem.McpListTools': ['text', { type: 'mcp_list_tools', id: 'm', tools: [{ name: 't' }] }],
  'ResponseInputItem.McpApprovalRequest': ['text', { type: 'mcp_approval_request', id: 'm', arguments: '{}' }],
  'ResponseInputItem.McpApprovalResponse': ['text', { type: 'mcp_approval_response', approve: true }],
  'ResponseInputItem.McpCall': ['text', { type: 'mcp_call', id: 'm', arguments: '{}', output: 'Hi' }],
  ResponseCustomToolCallOutput: ['text', { type: 'custom_tool_call_output', call_id: 'c', output: 'Hi' }],
  ResponseCustomToolCall: ['text', { type: 'custom_tool_call', call_id: 'c', input: 'Hi' }],
  'ResponseInputItem.CompactionTrigger': ['open', { type: 'compaction_trigger' }],
  'ResponseInputItem.ItemReference': ['unbounded', { type: 'item_reference', id: 'msg_1' }],
  'ResponseInputItem.Program': ['text', { type: 'program', id: 'p', code: '1' }],
  'ResponseInputItem.ProgramOutput': ['text', { type: 'program_output', id: 'p', result: '1' }],
}

export const openaiParts: readonly Union<PartEffect>[] = [
  {
    file: responses,
    name: 'ResponseInputItem',
    path: '/v1/responses',
    body: (item) => ({ ...asked, input: [item] }),
    members: items,
  },
  {
    file: betaResponses,
    name: 'BetaResponseInputItem',
    path: '/v1/responses',
    body: (item) => ({ ...asked, input: [item] }),
    members: {
      ...ofBeta(items),
      'BetaResponseInputItem.AgentMessage': ['text', { type: 'agent_message', content: [] }],
      'BetaResponseInputItem.MultiAgentCall': ['text', { type: 'multi_agent_call', arguments: '{}' }],
      'BetaResponseInputItem.MultiAgentCallOutput': ['text', { type: 'multi_agent_call_output', output: [] }],
    },
  },
  {
    file: responses,
    name: 'ResponseInputContent',
    path: '/v1/responses',
    body: (content) => ({ ...asked, input: [{ role: 'user', content: [content] }] }),
    members: {
      ResponseInputText: ['text', { type: 'input_text', text: 'Hi' }],
      ResponseInputImage: ['picture', { type: 'input_image', file_id: 'file-1' }],
      ResponseInputFile: ['unbounded', { type: 'input_file', file_url: 'https://example.com/a.pdf' }],
    },
  },
  {
    file: chat,
    name: 'ChatCompletionContentPart',
    path: '/v1/chat/completions',
    body: (part) => ({ model: 'gpt-4.1', messages: [{ role: 'user', content: [part] }] }),
    members: {
      ChatCompletionContentPartText: ['text', { type: 'text', text: 'Hi' }],
      ChatCompletionContentPartImage: ['picture', { type: 'image_url', image_url: { url: 'https://example.com/a' } }],
      ChatCompletionContentPartInputAudio: ['unbounded', { type: 'input_audio', input_audio: { data: 'QUJD' } }],
      'ChatCompletionContentPart.File': ['unbounded', { type: 'file', file: { file_id: 'file-1' } }],
    },
  },
]
