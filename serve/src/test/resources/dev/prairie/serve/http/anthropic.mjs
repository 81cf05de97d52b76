// Anthropic's client against a server that thinks, speaks and calls: node anthropic.mjs URL
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';

const baseURL = process.argv[2].replace(/\/$/, '');
const client = new Anthropic({ baseURL, apiKey: 'none', maxRetries: 0 });
const add = { name: 'add', description: 'Adds.', input_schema: { type: 'object', properties: { a: { type: 'array' } } } };
const question = {
  model: 'scripted',
  max_tokens: 1000,
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
  messages: [{ role: 'user', content: 'How much is 1 + 2?' }],
  tools: [add],
  metadata: { user_id: 'someone' },
};

const whole = await client.messages.create(question);
assert.equal(whole.type, 'message');
assert.equal(whole.role, 'assistant');
assert.deepEqual(whole.content.map((block) => block.type), ['thinking', 'text', 'tool_use']);
assert.equal(whole.content[0].thinking, 'hm');
assert.equal(whole.content[1].text, 'Let me add 星.');
assert.deepEqual(whole.content[2].input, { a: [1, 2] });
assert.equal(whole.stop_reason, 'tool_use');

const seen = { text: '', thinking: '', json: '' };
const stream = client.messages
  .stream(question)
  .on('text', (more) => (seen.text += more))
  .on('thinking', (more) => (seen.thinking += more))
  .on('inputJson', (more) => (seen.json += more));
const streamed = await stream.finalMessage();
assert.deepEqual(seen, { text: 'Let me add 星.', thinking: 'hm', json: '{"a":[1,2]}' });
const plain = (message) => message.content.map(({ id, ...block }) => block);
assert.deepEqual(plain(streamed), plain(whole));
assert.equal(streamed.stop_reason, whole.stop_reason);
assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens);

const call = whole.content[2];
const next = {
  ...question,
  messages: [
    ...question.messages,
    { role: 'assistant', content: whole.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: [{ type: 'text', text: '3' }] }] },
  ],
};
const counted = await client.messages.countTokens({
  model: next.model,
  system: next.system,
  messages: next.messages,
  tools: next.tools,
});
const answered = await client.messages.create(next);
assert.equal(answered.usage.input_tokens + answered.usage.cache_read_input_tokens, counted.input_tokens);

const models = [];
for await (const model of client.models.list()) models.push(model);
assert.deepEqual(models.map(({ id, type }) => ({ id, type })), [{ id: 'scripted', type: 'model' }]);
assert.equal((await client.models.retrieve('scripted')).display_name, 'scripted');

await assert.rejects(client.messages.create({ ...question, model: 'huge' }), Anthropic.NotFoundError);
await assert.rejects(client.messages.create({ ...question, top_k: -5 }), (error) => {
  assert(error instanceof Anthropic.BadRequestError);
  assert.equal(error.error.error.type, 'invalid_request_error');
  return error.message.includes('top_k');
});
