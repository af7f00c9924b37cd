import { Body, Controller, Post } from '@nestjs/common';
import { CreateGreetingDto } from './dto/create-greeting.dto.js';
import { GreetingsService } from './greetings.service.js';

@Controller('greetings')
export class GreetingsController {
  constructor(private readonly greetings: GreetingsService) {}

  @Post()
  create(@Body() { name }: CreateGreetingDto): { greeting: string } {
    return { greeting: this.greetings.greet(name) };
  }
}
