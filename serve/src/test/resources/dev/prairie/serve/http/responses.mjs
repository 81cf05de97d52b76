// The responses part of OpenAI's client against a server that thinks, speaks and calls: node responses.mjs URL
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.argv[2] + 'v1', apiKey: 'none', maxRetries: 0 });
const add = { type: 'function', name: 'add', parameters: { type: 'object', properties: {} }, strict: false };
const question = { model: 'scripted', input: 'How much is 1 + 2?', instructions: 'Be brief.', tools: [add] };

const whole = await client.responses.create(question);
assert.equal(whole.status, 'completed');
assert.deepEqual(whole.output.map((item) => item.type), ['reasoning', 'message', 'function_call']);
assert.equal(whole.output_text, 'Let me add 星.');
assert.equal(whole.output[0].content[0].text, 'hm');
assert.equal(whole.output[2].arguments, '{"a":[1,2]}');

const seen = { text: '', json: '' };
const stream = client.responses
  .stream(question)
  .on('response.output_text.delta', (event) => (seen.text += event.delta))
  .on('response.function_call_arguments.delta', (event) => (seen.json += event.delta));
const streamed = await stream.finalResponse();
assert.deepEqual(seen, { text: 'Let me add 星.', json: '{"a":[1,2]}' });
assert.equal(streamed.output_text, whole.output_text);
assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens);

const call = whole.output[2];
const answer = { type: 'function_call_output', call_id: call.call_id, output: '3' };
const next = await client.responses.create({ model: 'scripted', previous_response_id: whole.id, input: [answer] });
const again = await client.responses.create({
  model: 'scripted',
  input: [{ role: 'user', content: question.input }, ...whole.output, answer],
});
assert.equal(next.usage.input_tokens, again.usage.input_tokens);

assert.deepEqual((await client.responses.retrieve(next.id)).output, next.output);
await client.responses.delete(next.id);
await assert.rejects(client.responses.retrieve(next.id), OpenAI.NotFoundError);
await assert.rejects(client.responses.create({ ...question, tools: [{ type: 'web_search' }] }), (error) => {
  assert(error instanceof OpenAI.BadRequestError);
  return error.param === 'tools[0].type';
});
