// What the official Node client does with the server, end to end. The model behind it is random.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'none', maxRetries: 0 });
const messages = [{ role: 'user', content: 'Go' }];
const schema = {
  type: 'object',
  properties: { ok: { type: 'boolean' }, n: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['ok', 'n'],
  additionalProperties: false,
};
const tool = { type: 'function', function: { name: 'add', strict: true, parameters: schema } };

// models
const models = await client.models.list();
assert.equal(models.data[0].id, 'tiny');
assert.equal((await client.models.retrieve('tiny')).object, 'model');

// completions, whole and streamed, scored
const asked = { model: 'tiny', prompt: 'Once', max_tokens: 12, temperature: 0, logprobs: 2, echo: true };
const completion = await client.completions.create(asked);
const scores = completion.choices[0].logprobs;
assert.equal(scores.tokens.length, 16);
assert.equal(scores.token_logprobs[0], null);
assert.equal(scores.tokens.join(''), completion.choices[0].text);
let text = '';
const tokens = [];
for await (const chunk of await client.completions.create({ ...asked, stream: true })) {
  text += chunk.choices[0].text;
  tokens.push(...(chunk.choices[0].logprobs?.tokens ?? []));
}
assert.equal(text, completion.choices[0].text);
assert.deepEqual(tokens, scores.tokens);

// chat, whole and by the stream helper
const order = { model: 'tiny', messages, max_completion_tokens: 20, temperature: 0, logprobs: true, top_logprobs: 3 };
const chat = await client.chat.completions.create(order);
assert.equal(chat.choices[0].message.role, 'assistant');
assert.equal(chat.choices[0].logprobs.content.length, chat.usage.completion_tokens);
assert.equal(chat.choices[0].logprobs.content[0].top_logprobs.length, 3);
const runner = client.chat.completions.stream({ ...order, stream_options: { include_usage: true } });
const final = await runner.finalChatCompletion();
assert.equal(final.choices[0].message.content, chat.choices[0].message.content);
assert.equal(final.choices[0].finish_reason, chat.choices[0].finish_reason);
assert.deepEqual(final.choices[0].logprobs.content, chat.choices[0].logprobs.content);
assert.equal(final.usage.total_tokens, chat.usage.total_tokens);

// a JSON schema
const parsed = await client.chat.completions.parse({
  model: 'tiny',
  messages,
  seed: 1,
  response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
});
const value = JSON.parse(parsed.choices[0].message.content);
assert.equal(typeof value.ok, 'boolean');
assert.ok(value.n >= 1 && value.n <= 9);

// a tool that must be called, whole and streamed
const calling = { model: 'tiny', messages, seed: 2, tools: [tool], tool_choice: 'required', parallel_tool_calls: false };
const called = await client.chat.completions.create(calling);
assert.equal(called.choices[0].finish_reason, 'tool_calls');
const call = called.choices[0].message.tool_calls[0];
assert.equal(call.function.name, 'add');
assert.equal(typeof JSON.parse(call.function.arguments).ok, 'boolean');
const streamed = await client.chat.completions.stream(calling).finalChatCompletion();
assert.equal(streamed.choices[0].message.tool_calls[0].function.arguments, call.function.arguments);

// the tool's answer goes back
const answer = await client.chat.completions.create({
  model: 'tiny',
  max_tokens: 5,
  messages: [...messages, called.choices[0].message, { role: 'tool', tool_call_id: call.id, content: '3' }],
  tools: [tool],
  tool_choice: 'none',
});
assert.equal(answer.choices[0].message.tool_calls, undefined);

// several choices, a seed, a bias that decides
const biased = await client.chat.completions.create({
  model: 'tiny', messages, n: 3, seed: 4, max_tokens: 4, logit_bias: { 40: 100 }, stop: ['zzz'],
});
assert.equal(biased.choices.length, 3);
assert.equal(new Set(biased.choices.flatMap((c) => [...c.message.content])).size, 1);

// mistakes
await assert.rejects(client.chat.completions.create({ model: 'tiny', messages, temperature: 3 }), OpenAI.BadRequestError);
await assert.rejects(client.chat.completions.create({ model: 'huge', messages }), OpenAI.NotFoundError);

// a stream that is given up
const given = await client.chat.completions.create({ model: 'tiny', messages, stream: true });
for await (const chunk of given) {
  assert.equal(chunk.object, 'chat.completion.chunk');
  break;
}
console.log('all well');
