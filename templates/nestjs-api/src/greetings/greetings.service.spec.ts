import { Test } from '@nestjs/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { GreetingsService } from './greetings.service.js';

describe('GreetingsService', () => {
  let service: GreetingsService;

  beforeEach(async () => {
    const module = await Test.createTestingModule({
      providers: [GreetingsService],
    }).compile();
    service = module.get(GreetingsService);
  });

  it('greets by name', () => {
    expect(service.greet('Ada')).toBe('Hello, Ada!');
  });
});
