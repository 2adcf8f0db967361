/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A chunk returns to its pool once, from the last owner that has it. */
#include "config.h"

#include "io/chunk.h"

#include "unit/check.h"

#include <pthread.h>
#include <unistd.h>

static struct chunk_pool *make(unsigned count)
{
	struct chunk_pool *pool;
	struct savetool_error err;

	assert_ok(chunk_pool_new(&pool, count, &err), err);
	return pool;
}

TEST(every_chunk_has_memory_of_its_own)
{
	struct chunk_pool *pool = make(3);
	struct chunk *chunks[3];

	for (unsigned i = 0; i < 3; i++) {
		chunks[i] = chunk_take(pool);
		memset(chunks[i]->data - CHUNK_HEADROOM, 'a' + i,
		       CHUNK_HEADROOM + CHUNK_SIZE);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(chunks[i]->data[-(long)CHUNK_HEADROOM],
				 'a' + i);
		assert_int_equal(chunks[i]->data[CHUNK_SIZE - 1], 'a' + i);
		assert_int_equal((uintptr_t)chunks[i]->data % 4096, 0);
		chunk_put(chunks[i]);
	}
	chunk_pool_free(pool);
}

TEST(a_chunk_that_was_put_back_is_taken_again)
{
	struct chunk_pool *pool = make(1);
	struct chunk *chunk = chunk_take(pool);

	chunk_put(chunk);
	assert_ptr_equal(chunk_take(pool), chunk);
	chunk_put(chunk);
	chunk_pool_free(pool);
}

struct taker {
	struct chunk_pool *pool;
	struct chunk *taken;
	bool done;
};

static void *take(void *data)
{
	struct taker *taker = data;

	taker->taken = chunk_take(taker->pool);
	__atomic_store_n(&taker->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/* A thread that gets no processor for so long is missed, and does no harm. */
static bool is_done_soon(struct taker *taker)
{
	usleep(50000);
	return __atomic_load_n(&taker->done, __ATOMIC_SEQ_CST);
}

TEST(a_shared_chunk_is_free_when_the_last_user_lets_go)
{
	struct taker taker = { .pool = make(1) };
	struct chunk *chunk = chunk_take(taker.pool);
	pthread_t thread;

	assert_ptr_equal(chunk_share(chunk), chunk);
	assert_int_equal(pthread_create(&thread, NULL, take, &taker), 0);
	assert_false(is_done_soon(&taker));
	chunk_put(chunk);
	assert_false(is_done_soon(&taker));
	chunk_put(chunk);
	pthread_join(thread, NULL);
	assert_ptr_equal(taker.taken, chunk);
	chunk_put(taker.taken);
	chunk_pool_free(taker.pool);
}

TEST(null_can_be_put_back_and_freed)
{
	chunk_put(NULL);
	chunk_pool_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_chunk_has_memory_of_its_own),
		cmocka_unit_test(a_chunk_that_was_put_back_is_taken_again),
		cmocka_unit_test(
			a_shared_chunk_is_free_when_the_last_user_lets_go),
		cmocka_unit_test(null_can_be_put_back_and_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
