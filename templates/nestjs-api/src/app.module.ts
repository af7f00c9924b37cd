import { Module } from '@nestjs/common';
import { GreetingsModule } from './greetings/greetings.module.js';
import { HealthController } from './health/health.controller.js';

@Module({
  imports: [GreetingsModule],
  controllers: [HealthController],
})
export class AppModule {}
