import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from '../src/app.module.js';
import { configureApp } from '../src/configure-app.js';

describe('the API', () => {
  let app: INestApplication<App>;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [AppModule],
    }).compile();
    app = module.createNestApplication();
    configureApp(app);
    await app.init();
  });

  afterAll(async () => {
    await app.close();
  });

  it('says that it is healthy', async () => {
    const response = await request(app.getHttpServer()).get('/healthz');
    expect(response.status).toBe(200);
    expect(response.body).toEqual({ status: 'ok' });
  });

  it('greets by name', async () => {
    const response = await request(app.getHttpServer())
      .post('/greetings')
      .send({ name: 'Ada' });
    expect(response.status).toBe(201);
    expect(response.body).toEqual({ greeting: 'Hello, Ada!' });
  });

  it.each([
    [{}, 'name must be a string'],
    [{ name: '' }, 'name should not be empty'],
    [{ name: 'Ada', admin: true }, 'property admin should not exist'],
  ])('refuses %j', async (body, message) => {
    const response = await request(app.getHttpServer())
      .post('/greetings')
      .send(body);
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({
      message: expect.arrayContaining([message]),
    });
  });

  it('answers 404 elsewhere', async () => {
    const response = await request(app.getHttpServer()).get('/nowhere');
    expect(response.status).toBe(404);
  });
});
